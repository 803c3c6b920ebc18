/**
 * Listens at one end of a World: gives the second decoder exactly the datagrams and records that the real receiver got,
 * and judges every FEEDBACK frame that this end sends by what had arrived.
 */
import { SecondReceiver } from "./second-receiver.js";
import { type Feedback, type Frame, readDatagram } from "./second-decoder.js";
import type { End } from "../sim/world.js";

/** Symbols after the next expected one that may be held, section 3.1. */
const HELD_AHEAD_MAX = 256;

export class Capture {
  readonly second: SecondReceiver;
  /** FEEDBACK frames judged, and those whose receiver had solved less than the second decoder, which forgets nothing. */
  feedbackFrames = 0;
  behind = 0;
  /** How often this end sent each kind of frame. */
  readonly sentKinds = new Map<string, number>();
  #open = false;
  #largestAtMs = NaN;

  /** Hooks into `end.link`, before its path opens. */
  constructor(
    readonly end: End,
    firstSeq: number,
  ) {
    this.second = new SecondReceiver(firstSeq);
    const { link } = end;
    const { handleDatagram, handleReliable, openPath, closePath } = link;
    link.openPath = (...args) => {
      openPath.apply(link, args);
      this.#open = true;
    };
    link.closePath = () => {
      this.#open = false;
      closePath.call(link);
    };
    link.handleDatagram = (bytes, nowMs) => {
      // A closed channel delivers nothing.
      if (this.#open) this.#feed(bytes, nowMs);
      handleDatagram.call(link, bytes, nowMs);
    };
    link.handleReliable = (bytes, nowMs) => {
      this.second.handleRecord(bytes.slice());
      handleReliable.call(link, bytes, nowMs);
    };
  }

  /** Takes a datagram that this end sends. @throws Error if its FEEDBACK is not what arrived. */
  onSent(bytes: Uint8Array, nowMs: number): void {
    for (const frame of readDatagram(bytes).frames) {
      for (const kind of kindsOf(frame)) this.sentKinds.set(kind, (this.sentKinds.get(kind) ?? 0) + 1);
      if (frame.kind === "feedback") this.#judge(frame, nowMs);
    }
  }

  #feed(bytes: Uint8Array, nowMs: number): void {
    const { largest } = this.second;
    this.second.handleDatagram(bytes.slice());
    if (this.second.largest > largest) this.#largestAtMs = nowMs;
  }

  #judge(frame: Feedback, nowMs: number): void {
    const { second } = this;
    this.feedbackFrames++;
    const agree = (what: string, got: unknown, expected: unknown): void => {
      if (got !== expected)
        throw new Error(`FEEDBACK of ${this.end.name} at ${nowMs} ms: ${what} expected ${expected}, got ${got}`);
    };
    agree("any datagram received", second.datagrams.size > 0, true);
    agree("largest", frame.largest16, second.largest & 0xffff);
    for (let i = 0; i < frame.bitmapBytes * 8; i++)
      agree(`bitmap bit ${i}`, frame.received.includes(i), second.datagrams.has(second.largest - 1 - i));
    agree("acknowledgement delay", frame.ackDelayMs, Math.min(255, Math.round(nowMs - this.#largestAtMs)));
    const behind = ((second.next & 0xff_ffff) - frame.next24 + 0x100_0000) % 0x100_0000;
    const next = second.next - behind;
    for (const i of frame.held) agree(`symbol bit ${i} held`, second.has(next + 1 + i), true);
    for (let i = 0; i < HELD_AHEAD_MAX - 1; i++) {
      // Whatever came by itself is known; what only the second decoder could solve need not be.
      if (second.cameByItself(next + 1 + i)) agree(`symbol bit ${i} received`, frame.held.includes(i), true);
    }
    agree("next symbol received by itself", second.cameByItself(next), false);
    if (behind > 0) this.behind++;
  }
}

/** What a frame is, in the words of the list of what captures must hold. */
function kindsOf(frame: Frame): string[] {
  if (frame.kind === "feedback") return frame.held.length > 0 ? ["feedback", "feedback holds symbols"] : ["feedback"];
  if (frame.kind === "ping") return ["ping"];
  const name = `${frame.kind} ${frame.stream}`;
  if (frame.kind === "repair")
    return [
      `${name} ${frame.row === 0 ? "XOR" : "Cauchy"}`,
      ...(frame.members.length < frame.span ? [`${name} with gaps`] : []),
    ];
  const { first, last } = frame,
    place = first ? (last ? "whole" : "FIRST only") : last ? "LAST only" : "middle";
  return [
    name,
    `${name} ${place}`,
    ...(frame.retransmitted ? [`${name} RETRANSMITTED`] : []),
    ...(frame.payload.length === 0 ? [`${name} empty`] : []),
  ];
}

/** True if `part` is a run of the first messages of `whole`. */
export function isPrefix(part: readonly Uint8Array[], whole: readonly Uint8Array[]): boolean {
  return part.length <= whole.length && part.every((message, i) => Buffer.compare(message, whole[i]!) === 0);
}
