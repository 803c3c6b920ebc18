/**
 * The slowest link of a path: it sends at a fixed rate, and a finite drop-tail queue waits in front of it.
 * It keeps a fluid account of the bytes that wait; the datagrams themselves are scheduled as they are admitted.
 */

/** A rate with a finite queue: tells when a datagram is through, or that there was no room for it. */
export class Bottleneck {
  private bytesPerMs: number;
  private queueBytes: number;
  private backlogBytes = 0;
  private updatedMs = -Infinity;

  /** @param rateKbps kbit/s, Infinity for none; @param queueBytes most bytes that wait or are being sent. */
  constructor(rateKbps: number, queueBytes: number) {
    this.bytesPerMs = rateKbps / 8;
    this.queueBytes = queueBytes;
  }

  /** Changes the rate and the queue; the bytes that wait stay, and drain at the new rate since the last admission. */
  configure(rateKbps: number, queueBytes: number): void {
    this.bytesPerMs = rateKbps / 8;
    this.queueBytes = queueBytes;
  }

  /**
   * Admits a datagram of `bytes`, its overhead included.
   * An idle link takes one of any size, or one larger than the queue could never pass.
   * @returns when its last bit is sent, ms; undefined when the queue has no room.
   */
  admit(bytes: number, nowMs: number): number | undefined {
    this.drain(nowMs);
    if (this.bytesPerMs === Infinity) return nowMs;
    if (this.backlogBytes > 0 && this.backlogBytes + bytes > this.queueBytes) return undefined;
    this.backlogBytes += bytes;
    return this.updatedMs + this.backlogBytes / this.bytesPerMs;
  }

  /** Forgets the bytes that wait. */
  clear(): void {
    this.backlogBytes = 0;
  }

  private drain(nowMs: number): void {
    if (nowMs <= this.updatedMs) return;
    const sentBytes = (nowMs - this.updatedMs) * this.bytesPerMs;
    this.backlogBytes = Math.max(0, this.backlogBytes - sentBytes);
    this.updatedMs = nowMs;
  }
}
