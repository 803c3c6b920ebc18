/**
 * The native WebRTC library (node-datachannel, libdatachannel), loaded when it is wanted: it is an optional peer of
 * this package. Only the part that is used is declared, so that this package's types need none of its.
 *
 * What would abort the process is kept from it: a port that is taken (muxed-port.ts binds first), an answer without an
 * offer (webrtc-server.ts asks for the state), `cleanup()` (never called), a copy in a worker beside the main thread's,
 * an error that leaves a callback which it calls (each that does anything is `guarded`). Connections and data channels
 * that are closed let the process end, if someone listens for their end (onStateChange, onClosed).
 */

import { isMainThread } from "node:worker_threads";

export interface NativeDataChannel {
  close(): void;
  sendMessageBinary(bytes: Uint8Array): boolean;
  bufferedAmount(): number;
  setBufferedAmountLowThreshold(bytes: number): void;
  onBufferedAmountLow(run: () => void): void;
  onOpen(run: () => void): void;
  onClosed(run: () => void): void;
  onError(run: (error: string) => void): void;
  onMessage(run: (message: unknown) => void): void;
}

export interface NativePeerConnection {
  close(): void;
  createDataChannel(label: string, options: object): NativeDataChannel;
  setLocalDescription(type: "offer" | "answer"): void;
  setRemoteDescription(sdp: string, type: "offer" | "answer"): void;
  localDescription(): { sdp: string } | null;
  signalingState(): string;
  onStateChange(run: (state: string) => void): void;
  /** The peer opened a data channel of its own. */
  onDataChannel(run: (channel: NativeDataChannel) => void): void;
}

export interface NativeLibrary {
  readonly PeerConnection: new (name: string, options: object) => NativePeerConnection;
}

/** The library is not installed, or cannot be loaded here. */
export class NativeLibraryError extends Error {}

let loading: Promise<NativeLibrary> | undefined;

/** The library, loaded once. Rejects with a NativeLibraryError that says what to do. */
export function loadNative(): Promise<NativeLibrary> {
  loading ??= load();
  return loading;
}

async function load(): Promise<NativeLibrary> {
  if (!isMainThread)
    throw new NativeLibraryError(
      "node-datachannel is not loaded in a worker thread: together with a copy in the main thread it would end the process",
    );
  try {
    const name: string = "node-datachannel";
    return ((await import(name)) as { default: NativeLibrary }).default;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    throw new NativeLibraryError(
      missing
        ? "node-datachannel is not installed (npm i node-datachannel)"
        : `node-datachannel cannot be loaded (${message})`,
    );
  }
}
