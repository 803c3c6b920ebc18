/**
 * One direction of an impaired path, sans-IO: datagrams and the time in, late, lost or damaged datagrams out.
 * A datagram passes, in this order: blackout, bottleneck (rate and queue), loss, duplication, delay, corruption.
 * So a lost datagram has used its share of the rate, as one that a radio loses has, and a copy has not.
 * It has no clock: whoever owns one calls push and poll with the time, and polls again at nextTimeMs().
 */

import { Bottleneck } from "./bottleneck.js";
import { DueQueue } from "./due-queue.js";
import { resolveImpairment, type ImpairmentOptions, type ResolvedImpairment } from "./impairment-options.js";
import { CORRUPT_BITS_MAX, DATAGRAM_BYTES_MAX } from "./limits.js";
import { LossModel } from "./loss-model.js";
import { describe, requireTimeMs } from "./options-error.js";
import { deriveSeed, SeededRandom } from "./seeded-random.js";

/**
 * What became of the datagrams so far, as counts.
 * Always: offered + duplicated = delivered + lost + overflowed + inFlight.
 */
export interface ImpairmentStats {
  /** Datagrams pushed. */
  readonly offered: number;
  /** Datagrams polled, copies and corrupted ones included. */
  readonly delivered: number;
  /** Taken by loss, a blackout or clear(). */
  readonly lost: number;
  /** Dropped because the bottleneck's queue, or the flight (65,536 datagrams, 64 MiB), was full. */
  readonly overflowed: number;
  /** Copies made, on top of their originals. */
  readonly duplicated: number;
  /** Datagrams that had bits flipped when they were put in flight. */
  readonly corrupted: number;
  /** Delivered after one that was pushed later (RFC 4737, section 3.3). */
  readonly reordered: number;
  /** Datagrams pushed and not yet due or polled. */
  readonly inFlight: number;
}

/** A seeded impairment of one direction: the same seed and calls give the same bytes at the same times. */
export class Impairment {
  private options: ResolvedImpairment;
  private readonly loss: LossModel;
  private readonly bottleneck: Bottleneck;
  private readonly flight = new DueQueue();
  // One stream for each concern: a change of jitter or damage does not change which datagrams are lost.
  private readonly delayRandom: SeededRandom;
  private readonly duplicateRandom: SeededRandom;
  private readonly corruptRandom: SeededRandom;
  private readonly counts = {
    offered: 0,
    delivered: 0,
    lost: 0,
    overflowed: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
  };
  private isBlackout = false;
  private latestDueMs = -Infinity;
  private newestDelivered = -1;

  /**
   * @param options what the path does; see ImpairmentOptions.
   * @param seed an integer in 0..2^32 - 1; by default the one in the options, and 1 without that.
   * @throws TypeError or RangeError for a wrong option: `"loss" expected 0..1, got 2`.
   */
  constructor(options: ImpairmentOptions, seed?: number) {
    this.options = resolveImpairment(seed === undefined ? options : { ...options, seed });
    const stream = (index: number) => new SeededRandom(deriveSeed(this.options.seed, index));
    this.loss = new LossModel(this.options.loss, stream(0));
    this.delayRandom = stream(1);
    this.duplicateRandom = stream(2);
    this.corruptRandom = stream(3);
    this.bottleneck = new Bottleneck(this.options.rateKbps, this.options.queueBytes);
  }

  /** A snapshot of the counts since construction. */
  get stats(): ImpairmentStats {
    return { ...this.counts, inFlight: this.flight.count };
  }

  /**
   * Puts one datagram of 0..65,535 bytes on the path at nowMs; the bytes are copied.
   * nowMs is finite and on the caller's clock, the same as in poll; it should not run backwards.
   * @throws TypeError for what is not a Uint8Array, RangeError above 65,535 bytes or for a time that is not finite.
   */
  push(datagram: Uint8Array, nowMs: number): void {
    requireDatagram(datagram);
    requireTimeMs(nowMs);
    const arrivalIndex = this.counts.offered++;
    if (this.isBlackout) {
      this.counts.lost++;
      return;
    }
    const sentMs = this.bottleneck.admit(datagram.length + this.options.overheadBytes, nowMs);
    if (sentMs === undefined) {
      this.counts.overflowed++;
      return;
    }
    if (this.loss.isLost(nowMs)) {
      this.counts.lost++;
      return;
    }
    this.putInFlight(datagram, arrivalIndex, sentMs);
    if (this.duplicateRandom.next() < this.options.duplicate) {
      this.counts.duplicated++;
      this.putInFlight(datagram, arrivalIndex, sentMs);
    }
  }

  /**
   * The next datagram that is due at nowMs, by due time, ties by arrival; undefined when none is.
   * Its bytes are the caller's. Call until undefined.
   * @throws RangeError for a time that is not finite.
   */
  poll(nowMs: number): Uint8Array | undefined {
    requireTimeMs(nowMs);
    const due = this.flight.takeDue(nowMs);
    if (due === undefined) return undefined;
    this.counts.delivered++;
    if (due.arrivalIndex < this.newestDelivered) this.counts.reordered++;
    else this.newestDelivered = due.arrivalIndex;
    return due.bytes;
  }

  /** When the next datagram is due, ms on the caller's clock; Infinity when none is in flight. */
  nextTimeMs(): number {
    return this.flight.nextDueMs;
  }

  /** Starts or ends a blackout: everything pushed while it is on is lost; what is in flight still arrives. */
  blackout(on: boolean): void {
    this.isBlackout = on;
  }

  /**
   * Replaces all options for datagrams pushed from now on; those in flight keep their due times.
   * The random streams go on: a seed in the options has no effect here.
   * @throws TypeError or RangeError for a wrong option; then nothing has changed.
   */
  configure(options: ImpairmentOptions): void {
    this.options = resolveImpairment(options);
    this.loss.configure(this.options.loss);
    this.bottleneck.configure(this.options.rateKbps, this.options.queueBytes);
  }

  /** Empties the path: everything in flight or waiting at the bottleneck counts as lost. */
  clear(): void {
    this.counts.lost += this.flight.count;
    this.flight.clear();
    this.bottleneck.clear();
    this.latestDueMs = -Infinity;
  }

  private putInFlight(datagram: Uint8Array, arrivalIndex: number, sentMs: number): void {
    if (!this.flight.hasRoom(datagram.length)) {
      this.counts.overflowed++;
      return;
    }
    // Not slice(): on a Node Buffer that is a view of the caller's bytes.
    const bytes = new Uint8Array(datagram);
    const dueMs = this.drawDueMs(sentMs);
    if (this.corruptRandom.next() < this.options.corrupt && bytes.length > 0) {
      flipBits(bytes, this.corruptRandom);
      this.counts.corrupted++;
    }
    this.flight.insert({ bytes, dueMs, arrivalIndex });
  }

  private drawDueMs(sentMs: number): number {
    const { delayMs, reorder, reorderRatio, reorderDelayMs } = this.options;
    const dueMs = sentMs + delayMs + this.drawJitterMs();
    // A datagram held back moves nothing else, or those behind it could not overtake.
    if (this.delayRandom.next() < reorderRatio) return dueMs + reorderDelayMs;
    const inOrderMs = Math.max(dueMs, this.latestDueMs);
    this.latestDueMs = inOrderMs;
    return reorder ? dueMs : inOrderMs;
  }

  private drawJitterMs(): number {
    const { jitterMs, jitterDistribution } = this.options;
    if (jitterDistribution === "uniform") return this.delayRandom.next() * jitterMs;
    const share = 1 / 2 + this.delayRandom.normal() / 6;
    return Math.min(1, Math.max(0, share)) * jitterMs;
  }
}

/** Flips 1 to 3 different bits; bytes is not empty. */
function flipBits(bytes: Uint8Array, random: SeededRandom): void {
  const bitCount = bytes.length * 8;
  const flipCount = 1 + random.int(CORRUPT_BITS_MAX);
  const flipped: number[] = [];
  while (flipped.length < flipCount) {
    let bit = random.int(bitCount);
    // A bit flipped twice would be whole again; a byte has more bits than a corruption flips, so this ends.
    while (flipped.includes(bit)) bit = (bit + 1) % bitCount;
    flipped.push(bit);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
}

function requireDatagram(datagram: unknown): asserts datagram is Uint8Array {
  if (!(datagram instanceof Uint8Array)) {
    throw new TypeError(`"datagram" expected a Uint8Array, got ${describe(datagram)}`);
  }
  if (datagram.length > DATAGRAM_BYTES_MAX) {
    throw new RangeError(`"datagram" expected at most ${DATAGRAM_BYTES_MAX} bytes, got ${datagram.length}`);
  }
}
