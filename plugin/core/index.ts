/** `colyseus-fec/core`: the protocol core, usable without Colyseus. */
export { Link, type LinkFailure, type LinkMessage, type LinkOptions } from "./link.js";
export { parseRepair, type RepairOption } from "./repair-option.js";
export type { LinkCounters, LinkStats, Percentiles } from "./stats.js";
export { seqAdd, seqDiff, seqExpand, seqExpand24, type Seq } from "./seq.js";
export * from "./fec/index.js";
export * from "./wire/constants.js";
export {
  DatagramReader,
  type Datagram,
  type FeedbackFrame,
  type Frame,
  type Malformed,
  type PingFrame,
  type RepairFrame,
  type SourceFrame,
} from "./wire/datagram-reader.js";
export { DatagramWriter, type Feedback } from "./wire/datagram-writer.js";
export {
  encodeDatagramRecord,
  encodeSymbolRecord,
  encodeUnreliableRecord,
  readRecord,
  type DatagramRecord,
  type SymbolRecord,
  type UnreliableRecord,
} from "./wire/reliable-record.js";
export * from "./symbol.js";
