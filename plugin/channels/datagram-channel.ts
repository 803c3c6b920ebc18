/**
 * The contract of a datagram channel: an unreliable, unordered, message-preserving path to one peer.
 * A channel does not repair, order or retransmit (that is the Link's work) and owns no session: it may
 * come and go while the session lives. Every implementation runs test/compliance/channel-suite.ts.
 */

export type ChannelKind = "udp" | "webrtc" | "memory";

export type ChannelState = "connecting" | "open" | "closed";

export interface DatagramChannel {
  readonly kind: ChannelKind;
  readonly state: ChannelState;

  /** Largest datagram, in bytes, that {@link send} takes; constant once open. */
  readonly maxDatagramBytes: number;

  /** Bytes that the channel and the layers below (IP, UDP) add to every datagram. */
  readonly overheadBytes: number;

  /**
   * False while the channel has not got rid of what it took and would drop more: better hold it back. A channel without
   * flow control of its own is always writable.
   */
  readonly writable: boolean;

  /**
   * True if a queue that nobody sees may stand below the channel: that it is writable does not mean that anything
   * leaves.
   */
  readonly queuesUnseen: boolean;

  /**
   * Sends one datagram of 1..maxDatagramBytes bytes, the first of which is not 0: a channel may mark datagrams of its
   * own so. The bytes are consumed before the call returns.
   * @returns false when it was dropped here: not open, or the channel's buffer is full. Never queues without bound.
   * @throws RangeError above maxDatagramBytes or for an empty datagram.
   */
  send(datagram: Uint8Array): boolean;

  /** Closes the channel and frees what it holds; idempotent; `onclose` fires once, with reason "closed". */
  close(): void;

  /** Called once, when the channel can carry datagrams both ways. */
  onopen: (() => void) | null;

  /** Called when the channel is writable again, as soon as it can tell; it need not call at all. */
  onwritable: (() => void) | null;

  /**
   * Called when datagrams go another way from now on, because this end or the peer is on another network: not for
   * another port alone, which a NAT gives. What one end notices the other need not.
   */
  onmoved: (() => void) | null;

  /** Called for every authentic datagram. The bytes are valid only during the call. */
  ondatagram: ((datagram: Uint8Array) => void) | null;

  /** Called once, when the channel ends for any reason; nothing is called after it. */
  onclose: ((reason: string) => void) | null;
}
