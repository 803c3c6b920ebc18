/** The implementation, asked in the words of vectors.json: the only file here that knows how its reader and decoder are called. */
import {
  DatagramReader,
  Link,
  RepairDecoder,
  seqExpand24,
  symbolIsFirst,
  symbolIsLast,
  symbolPayload,
  type Frame,
} from "colyseus-fec/core";
import { fromHex, toHex, type DatagramMeaning, type FrameMeaning, type SessionVector } from "./vector-file.js";

/** One for all, as in a Link: what one datagram leaves in its records must not show in the next. */
const reader = new DatagramReader();

/** What the implementation reads in a datagram, or the reason why it drops it. */
export function read(bytes: Uint8Array): DatagramMeaning | string {
  const datagram = reader.read(bytes);
  if (typeof datagram === "string") return datagram;
  return { number16: datagram.number16, time16: datagram.sentAt16, frames: datagram.frames.map(meaningOf) };
}

/** Recovers the symbol `missing` from the others and a datagram that holds one REPAIR frame over them all. */
export function recover(
  symbols: readonly (readonly [seq: number, hex: string])[],
  missing: number,
  datagram: string,
): string | undefined {
  const firstSeq = symbols[0]![0],
    decoder = new RepairDecoder({ firstSeq, aheadSymbols: 1000 });
  for (const [seq, hex] of symbols) if (seq !== missing) decoder.addSource(seq, fromHex(hex));
  const parsed = reader.read(fromHex(datagram));
  const frame = typeof parsed === "string" ? undefined : parsed.frames[0];
  if (frame?.kind !== "repair") throw new Error(`no repair: ${datagram}`);
  decoder.addRepair({ ...frame, base: seqExpand24(frame.base24, firstSeq) });
  const recovered = decoder.pollRecovered();
  return recovered?.seq === missing ? toHex(recovered.symbol) : undefined;
}

/** Feeds a Link with a session; its deliveries, the unreliable ones sorted. */
export function playLink({ firstSeq, feed }: SessionVector): {
  ordered: string[];
  unreliable: string[];
  closeCode: number | undefined;
} {
  const link = new Link({ firstSeq });
  const ordered: string[] = [],
    unreliable: string[] = [];
  link.openPath({ mtuBytes: 1200, overheadBytes: 0 }, 0);
  for (const { path, hex } of feed) {
    if (path === "datagram") link.handleDatagram(fromHex(hex), 0);
    else link.handleReliable(fromHex(hex), 0);
  }
  link.handleTimeout(1000);
  for (let message = link.pollMessage(); message; message = link.pollMessage())
    (message.ordered ? ordered : unreliable).push(toHex(message.bytes));
  return { ordered, unreliable: unreliable.sort(), closeCode: link.failure?.code };
}

function meaningOf(frame: Frame): FrameMeaning {
  switch (frame.kind) {
    case "source": {
      const { kind, stream, retransmitted, seq24 } = frame,
        symbol = frame.bytes.subarray(frame.start, frame.end);
      return {
        kind,
        stream,
        retransmitted,
        seq24,
        first: symbolIsFirst(symbol),
        last: symbolIsLast(symbol),
        payload: toHex(symbolPayload(symbol)),
      };
    }
    case "repair": {
      const { kind, stream, row, base24, span } = frame,
        bytes = frame.bytes.subarray(frame.start, frame.end);
      return { kind, stream, row, base24, span, members: bitsOf(frame.bitmap), bytes: toHex(bytes) };
    }
    case "feedback": {
      const { kind, largest16, ackDelayMs, next24 } = frame;
      return {
        kind,
        largest16,
        bitmapBytes: frame.bitmap.length,
        received: bitsOf(frame.bitmap),
        ackDelayMs,
        queueingDelayMs: frame.queueDelayMs,
        next24,
        symbolBytes: frame.symbolBitmap.length,
        held: bitsOf(frame.symbolBitmap),
      };
    }
    case "ping":
      return { kind: "ping" };
  }
}

function bitsOf(bitmap: Uint8Array): number[] {
  return [...bitmap].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => byte & (1 << i)).map((i) => at * 8 + i),
  );
}
