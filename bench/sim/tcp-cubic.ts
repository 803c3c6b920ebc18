/**
 * CUBIC's congestion window in segments (RFC 9438), as Linux runs it: it grows only while it limits the sender, and the time in between counts.
 * Slow start below ssthresh, without HyStart++; no undo of spurious reductions.
 */

const BETA = 0.7;
const C = 0.4;
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);

/** RFC 6928. */
export const INITIAL_CWND = 10;

export class Cubic {
  cwnd = INITIAL_CWND;
  ssthresh = Infinity;
  #wMax = 0;
  #epochMs: number | undefined;
  #k = 0;
  #origin = 0;
  #wEst = 0;

  /** Segments were lost (sections 4.6 and 4.7): sets ssthresh; the window follows by PRR or timeout. */
  onLoss(): void {
    // Fast convergence: a flow that lost below its last maximum leaves room.
    this.#wMax = this.cwnd < this.#wMax ? (this.cwnd * (1 + BETA)) / 2 : this.cwnd;
    this.ssthresh = Math.max(2, this.cwnd * BETA);
    this.#epochMs = undefined;
  }

  /** @param acked segments newly acknowledged; call it only while the window limits the sender. */
  onAck(acked: number, nowMs: number, srttMs: number): void {
    if (this.cwnd < this.ssthresh) {
      const grown = Math.min(this.ssthresh, this.cwnd + acked);
      acked -= grown - this.cwnd;
      this.cwnd = grown;
      if (acked <= 0) return;
    }
    if (this.#epochMs === undefined) this.#startEpoch(nowMs);
    const seconds = (nowMs - this.#epochMs! + srttMs) / 1000;
    const target = Math.min(1.5 * this.cwnd, Math.max(this.cwnd, C * (seconds - this.#k) ** 3 + this.#origin));
    this.#wEst += ((this.#wEst >= this.#wMax ? 1 : ALPHA) * acked) / this.cwnd;
    this.cwnd += (acked * (target - this.cwnd)) / this.cwnd;
    this.cwnd = Math.max(this.cwnd, this.#wEst);
  }

  #startEpoch(nowMs: number): void {
    this.#epochMs = nowMs;
    this.#wEst = this.cwnd;
    this.#k = this.cwnd < this.#wMax ? Math.cbrt((this.#wMax - this.cwnd) / C) : 0;
    this.#origin = Math.max(this.cwnd, this.#wMax);
  }
}
