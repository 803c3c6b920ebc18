/**
 * One UDP port that many connections of the native library share, held by a connection that never connects.
 *
 * A connection that cannot bind its port ends the process, so the port is bound here first, for a moment, and handed
 * over within one synchronous run (1.4 ms measured, strace): a port that is taken is the system's error. The library's
 * own IceUdpMuxListener would reserve it without that moment, but cannot be used: its stop() does nothing unless the
 * memory that it was made in happened to be zero (libdatachannel 0.24.5), so the port stays taken, and a connectivity
 * check of a stranger then calls into the freed listener.
 */

import { bindUdpSocket } from "../udp/udp-bind.js";
import type { NativeLibrary, NativePeerConnection } from "./native.js";

export class MuxedPort {
  readonly port: number;
  readonly #holder: NativePeerConnection;
  readonly #host: string | undefined;

  /**
   * Binds port (0 = any free one) at host, an IP literal, or at every address. Rejects with the system's error
   * (EADDRINUSE, EACCES, EADDRNOTAVAIL ...).
   */
  static async bind(library: NativeLibrary, port: number, host: string | undefined): Promise<MuxedPort> {
    const socket = await bindUdpSocket({ port, ...(host !== undefined && { host }) });
    const { port: bound } = socket.address();
    const holder = new library.PeerConnection("colyseus-fec port", {
      iceServers: [],
      disableAutoNegotiation: true,
      ...muxOptions(bound, host),
    });
    // Without a listener for its end, either would keep the process alive after it.
    holder.onStateChange(() => {});
    holder.createDataChannel("d", { negotiated: true, id: 0 }).onClosed(() => {});
    // Nothing may come between: the close is done when it returns, and the offer binds the port.
    socket.close();
    holder.setLocalDescription("offer");
    return new MuxedPort(bound, host, holder);
  }

  private constructor(port: number, host: string | undefined, holder: NativePeerConnection) {
    this.port = port;
    this.#host = host;
    this.#holder = holder;
  }

  /** Options of a connection that shares this port. */
  get connectionOptions(): object {
    return muxOptions(this.port, this.#host);
  }

  /** Frees the port, as soon as the last connection on it is closed. */
  close(): void {
    this.#holder.close();
  }
}

function muxOptions(port: number, host: string | undefined): object {
  return {
    enableIceUdpMux: true,
    portRangeBegin: port,
    portRangeEnd: port,
    ...(host !== undefined && { bindAddress: host }),
  };
}
