/**
 * Everything that this plugin knows of the SDK's private parts (found in @colyseus/sdk 0.18.4), and the only file with
 * `any`:
 * - ColyseusSDK.createRoom, protected, makes every Room;
 * - Room.connect makes a new Connection, sets handlers on `connection.events` and connects; `connection` is a class
 *   field, so only an accessor on the instance sees it come, and Room.connect cannot be replaced (private fields);
 * - Connection.transport is public, is called for everything, and is reused by reconnections;
 * - WebSocketTransport sets its handlers on a new socket in connect(), and reads `this.events` when they are called.
 * - Decoder.skipCurrentStructure skips what is about an object that it does not know by looking for bytes that could
 *   start another: a guess.
 */

import type { ColyseusSDK, Room } from "@colyseus/sdk";
import type { Connection } from "@colyseus/sdk/Connection";
import type { ITransport, ITransportEventMap } from "@colyseus/sdk/transport/ITransport";
import { WebSocketTransport } from "@colyseus/sdk/transport/WebSocketTransport";

/** The SDK's defaults for its type parameters. */
export type AnyServer = any;
export type AnyUserData = any;
export type AnyRoom = Room<any, any>;

/** What the SDK lets its type parameter be (SDKTypes of @colyseus/shared-types, which the SDK does not export). */
export interface SdkServer {
  "~rooms": any;
  "~routes": any;
}

export type SdkTransport = ITransport;
export type SdkEvents = ITransportEventMap;
export type SdkWebSocketTransport = WebSocketTransport;
export type SdkSettings = ConstructorParameters<typeof ColyseusSDK>[0];
export type LatencyOptions = NonNullable<Parameters<ColyseusSDK["getLatency"]>[0]>;
export type SdkOptions = NonNullable<ConstructorParameters<typeof ColyseusSDK>[1]>;

/** A room as createRoom returns it, and the schema that it takes. */
export type SdkRoom<State> = Room<any, State>;
export type SdkRootSchema<State> = ConstructorParameters<typeof Room<any, State>>[1];

/** What a browser's socket and `ws`'s have in common, as far as it is used here. */
export interface SdkSocket {
  readonly readyState: number;
  binaryType: string;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
}

/** The socket of the transport's last connect(); undefined before the first. */
export function socketOf(transport: SdkWebSocketTransport): SdkSocket | undefined {
  return transport.ws;
}

/**
 * Wraps the transport of every connection that this room makes; a connection that is no WebSocket ("h3") stays as it
 * is.
 */
export function wrapTransport(room: AnyRoom, wrap: (webSocket: SdkWebSocketTransport) => SdkTransport): void {
  let current: Connection = room.connection;
  Object.defineProperty(room, "connection", {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (connection: Connection) => {
      if (connection?.transport instanceof WebSocketTransport) connection.transport = wrap(connection.transport);
      current = connection;
    },
  });
}

/** ProtocolModifier.UNRELIABLE: a bit of the first byte of a patch of the unreliable channel. */
const UNRELIABLE_BIT = 0x40;

/** True for a patch of the unreliable channel, if it is a patch. */
export function isUnreliable(message: Uint8Array): boolean {
  return (message[0]! & UNRELIABLE_BIT) !== 0;
}

/**
 * Makes the room's decoder give up the rest of an unreliable patch that names an object it does not know, one not yet
 * added or already removed, instead of guessing where the next object starts: the guess can write into any object. No
 * effect before the room has a decoder.
 */
export function stopAtUnknownObjects(room: AnyRoom): void {
  const decoder = (room as any).serializer?.decoder;
  if (typeof decoder?.skipCurrentStructure !== "function" || Object.hasOwn(decoder, "skipCurrentStructure")) return;
  const guess = decoder.skipCurrentStructure;
  decoder.skipCurrentStructure = (bytes: Uint8Array, it: { offset: number }, totalBytes: number): void => {
    if (isUnreliable(bytes)) it.offset = totalBytes;
    else guess.call(decoder, bytes, it, totalBytes);
  };
}

/** The transport of the room's connection; undefined before there is one. */
export function transportOf(room: AnyRoom): SdkTransport | undefined {
  return room.connection?.transport;
}
