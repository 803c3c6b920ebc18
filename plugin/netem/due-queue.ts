/**
 * The datagrams in flight, ordered by when they are due: a binary heap, bounded by count and by bytes.
 */

import { IN_FLIGHT_BYTES_MAX, IN_FLIGHT_COUNT_MAX } from "./limits.js";

/** One datagram on its way. */
export interface InFlight {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
  /** Which pushed datagram this is, or is a copy of; from 0. */
  readonly arrivalIndex: number;
}

interface Entry extends InFlight {
  /** Order of insertion: breaks ties of dueMs. */
  readonly order: number;
}

/** A bounded priority queue: the earliest due comes first, ties in order of insertion. */
export class DueQueue {
  private readonly heap: Entry[] = [];
  private bytes = 0;
  private inserted = 0;

  get count(): number {
    return this.heap.length;
  }

  /** When the first is due, ms; Infinity when there is none. */
  get nextDueMs(): number {
    return this.heap[0]?.dueMs ?? Infinity;
  }

  /** Whether a datagram of this length still fits both bounds. */
  hasRoom(bytes: number): boolean {
    return this.heap.length < IN_FLIGHT_COUNT_MAX && this.bytes + bytes <= IN_FLIGHT_BYTES_MAX;
  }

  /** Adds a datagram, whose bytes the queue keeps; ask hasRoom first. */
  insert(datagram: InFlight): void {
    const { bytes, dueMs, arrivalIndex } = datagram;
    this.heap.push({ bytes, dueMs, arrivalIndex, order: this.inserted++ });
    this.bytes += bytes.length;
    this.siftUp(this.heap.length - 1);
  }

  /** Removes and returns the first one that is due at nowMs. */
  takeDue(nowMs: number): InFlight | undefined {
    const first = this.heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    const last = this.heap.pop();
    if (last !== undefined && last !== first) {
      this.heap[0] = last;
      this.siftDown();
    }
    this.bytes -= first.bytes.length;
    return first;
  }

  clear(): void {
    this.heap.length = 0;
    this.bytes = 0;
  }

  private siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.isBefore(index, parent)) return;
      this.swap(index, parent);
      index = parent;
    }
  }

  private siftDown(): void {
    let index = 0;
    while (2 * index + 1 < this.heap.length) {
      const left = 2 * index + 1;
      const child = this.isBefore(left + 1, left) ? left + 1 : left;
      if (!this.isBefore(child, index)) return;
      this.swap(index, child);
      index = child;
    }
  }

  /** Whether the entry at a comes before the one at b; false when there is none at a. */
  private isBefore(a: number, b: number): boolean {
    const left = this.heap[a];
    const right = this.heap[b];
    if (left === undefined || right === undefined) return false;
    return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
  }

  private swap(a: number, b: number): void {
    const moved = this.heap[a]!;
    this.heap[a] = this.heap[b]!;
    this.heap[b] = moved;
  }
}
