/**
 * The shape of vectors.json, and its bytes as text: hexadecimal, spaces between frames, "(ab)x1200" for 1200 times ab.
 * `means` has the field names of second-decoder.ts, bytes as hexadecimal.
 */

export type FrameMeaning =
  | {
      kind: "source";
      stream: 0 | 1;
      retransmitted: boolean;
      seq24: number;
      first: boolean;
      last: boolean;
      payload: string;
    }
  | { kind: "repair"; stream: 0 | 1; row: number; base24: number; span: number; members: number[]; bytes: string }
  | {
      kind: "feedback";
      largest16: number;
      bitmapBytes: number;
      received: number[];
      ackDelayMs: number;
      queueingDelayMs: number;
      next24: number;
      symbolBytes: number;
      held: number[];
    }
  | { kind: "ping" };

export interface DatagramMeaning {
  number16: number;
  time16: number;
  frames: FrameMeaning[];
}

/** `section` is the one of docs/WIRE-FORMAT.md that the vector illustrates. */
interface Vector {
  name: string;
  section: string;
}

/** `written` false: valid, but not what this implementation writes. */
export interface DatagramVector extends Vector {
  hex: string;
  written: boolean;
  means: DatagramMeaning;
}
/** `drop` names the reason that this implementation counts; that the datagram is dropped whole is normative. */
export interface MalformedVector extends Vector {
  hex: string;
  drop: string;
}
export interface ExpansionVector {
  bits: 16 | 24;
  low: number;
  near: number;
  seq: number;
}
export interface CoefficientVector {
  row: number;
  seq: number;
  c: number;
}
/** Source symbols by sequence number; `repairs` are datagrams of one REPAIR frame over all of them. */
export interface RepairVector extends Vector {
  symbols: [seq: number, hex: string][];
  repairs: { row: number; bytes: string; datagram: string }[];
}
export interface RecordVector extends Vector {
  hex: string;
  means: Record<string, unknown>;
}
export interface MalformedRecordVector extends Vector {
  hex: string;
  closeCode: number;
}
/** What a receiver is fed, in order, and what it delivers; unreliable messages in any order. */
export interface SessionVector extends Vector {
  firstSeq: number;
  feed: { path: "datagram" | "reliable"; hex: string }[];
  ordered: string[];
  unreliable: string[];
  closeCode?: number;
}
export interface EnvelopeVector extends Vector {
  direction: "s2c" | "c2s";
  connectionId: number;
  counter: number;
  key: string;
  iv: string;
  nonce: string;
  datagram: string;
  packet: string;
}
/** UDP payloads in the order of their arrival at a receiver whose peer's first counter is `start`. */
export interface EnvelopeSequence extends Vector {
  direction: "s2c" | "c2s";
  start: number;
  packets: { hex: string; fate: "open" | "drop"; newest?: boolean }[];
}

export interface Vectors {
  about: string;
  datagrams: DatagramVector[];
  malformed: MalformedVector[];
  expansions: ExpansionVector[];
  coefficients: CoefficientVector[];
  repairs: RepairVector[];
  records: RecordVector[];
  malformedRecords: MalformedRecordVector[];
  sessions: SessionVector[];
  secret: string;
  envelopes: EnvelopeVector[];
  envelopeSequences: EnvelopeSequence[];
}

/** Bytes as hexadecimal; a run of 32 or more equal bytes is shortened. */
export function toHex(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return hex.replace(/(?<=^(?:..)*)(..)\1{31,}/g, (run, byte: string) => `(${byte})x${run.length / 2} `).trim();
}

export function fromHex(text: string): Uint8Array {
  const hex = text
    .replace(/\((..)\)x(\d+)/g, (_, byte: string, count: string) => byte.repeat(Number(count)))
    .replaceAll(" ", "");
  if (!/^([0-9a-f]{2})*$/.test(hex))
    throw new RangeError(`"hex" expected hexadecimal digits in pairs, got ${text.slice(0, 40)}`);
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** A value with its byte arrays as hexadecimal. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
  return value;
}

/** The text of the file: one line for each field of a vector. */
export function toText(vectors: Vectors): string {
  const element = (v: object): string => {
    if (!("name" in v)) return `    ${JSON.stringify(v)}`;
    return `    {\n${Object.entries(v)
      .filter(([, f]) => f !== undefined)
      .map(([key, f]) => `      ${JSON.stringify(key)}: ${JSON.stringify(f)}`)
      .join(",\n")}\n    }`;
  };
  const parts = Object.entries(vectors).map(
    ([key, part]) =>
      `  ${JSON.stringify(key)}: ${Array.isArray(part) ? `[\n${part.map(element).join(",\n")}\n  ]` : JSON.stringify(part)}`,
  );
  return `{\n${parts.join(",\n")}\n}\n`;
}
