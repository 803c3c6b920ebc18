/**
 * FecClient without its channels: the SDK's client whose rooms use FecClientTransport. Runs in browsers and in Node.
 */

import { ColyseusSDK } from "@colyseus/sdk";
import { FecClientTransport } from "./fec-client-transport.js";
import {
  resolveClientOptions,
  type ChannelOpeners,
  type ClientChannelKind,
  type FecClientOptions,
  type ResolvedClientOptions,
} from "./options.js";
import {
  stopAtUnknownObjects,
  wrapTransport,
  type AnyServer,
  type AnyUserData,
  type LatencyOptions,
  type SdkRootSchema,
  type SdkRoom,
  type SdkServer,
  type SdkSettings,
} from "./sdk-internals.js";

/**
 * A ColyseusSDK, with all its types and methods; a room that it joins on a FecTransport server has its messages
 * protected, and one on any other server is plain Colyseus.
 */
export abstract class FecClientBase<
  ServerType extends SdkServer = AnyServer,
  UserData = AnyUserData,
> extends ColyseusSDK<ServerType, UserData> {
  readonly #options: ResolvedClientOptions;

  /** settings as ColyseusSDK's. @throws TypeError or RangeError for a wrong option. */
  constructor(settings?: SdkSettings, options: FecClientOptions = {}) {
    super(settings, options);
    this.#options = resolveClientOptions(options, this.channelOpeners(), this.channelKinds());
  }

  /** As ColyseusSDK's; the client that it returns is of the class that it was called on. */
  static override async selectByLatency<ServerType extends SdkServer = AnyServer, UserData = AnyUserData>(
    endpoints: NonNullable<SdkSettings>[],
    options?: FecClientOptions,
    latencyOptions?: LatencyOptions,
  ): Promise<ColyseusSDK<ServerType, UserData>> {
    const { settings } = await super.selectByLatency(endpoints, options, latencyOptions);
    const Class = this as unknown as new (
      settings: SdkSettings,
      options?: FecClientOptions,
    ) => FecClientBase<ServerType, UserData>;
    return new Class(settings, options);
  }

  /** The kinds of channel that this build knows; called once, by the constructor. */
  protected abstract channelOpeners(): ChannelOpeners;
  /** The kinds to open unless told, most wanted first; called once, by the constructor. */
  protected abstract channelKinds(): ClientChannelKind[];

  protected override createRoom<State>(roomName: string, rootSchema?: SdkRootSchema<State>): SdkRoom<State> {
    const room = super.createRoom<State>(roomName, rootSchema);
    wrapTransport(
      room,
      (webSocket) => new FecClientTransport(webSocket, this.#options, () => stopAtUnknownObjects(room)),
    );
    return room;
  }
}
