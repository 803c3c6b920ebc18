/** Datagrams that are dropped whole (docs/WIRE-FORMAT.md section 2), by hand: no writer makes them. */
import type { MalformedVector } from "./vector-file.js";

const HEADER = "0100000000";

function vector(section: string, name: string, drop: string, hex: string): MalformedVector {
  return { name, section, drop, hex };
}

export const MALFORMED: MalformedVector[] = [
  vector("2", "nothing", "too short", ""),
  vector("2", "header cut off", "too short", "01000000"),
  vector("2", "version 0", "version", "0000000000 40"),
  vector("2", "version 2", "version", "0200000000 40"),
  vector("2", "frame type 0", "frame type", `${HEADER} 00`),
  vector("2", "frame type 5", "frame type", `${HEADER} 50`),
  vector("2", "frame type 15", "frame type", `${HEADER} f0`),
  vector("2", "an unknown frame type after a good frame", "frame type", `${HEADER} 100000000130aa 60`),
  vector("2.1", "SOURCE: flag bit 2", "reserved bits", `${HEADER} 140000000130aa`),
  vector("2.1", "SOURCE: flag bit 3", "reserved bits", `${HEADER} 180000000130aa`),
  vector("2.1", "SOURCE: header bit 14", "reserved bits", `${HEADER} 100000000170aa`),
  vector("2.1", "SOURCE: header bit 15", "reserved bits", `${HEADER} 1000000001b0aa`),
  vector("2.1", "SOURCE: payload of 1201 bytes", "out of range", `${HEADER} 10000000b134 (aa)x1201`),
  vector("2.1", "SOURCE: symbol header cut off", "truncated", `${HEADER} 1000000001`),
  vector("2.1", "SOURCE: payload cut off", "truncated", `${HEADER} 100000000330aabb`),
  vector("2.1", "SOURCE: the second one cut off", "truncated", `${HEADER} 100000000130aa 100100000230bb`),
  vector("2.2", "REPAIR: flag bit 2", "reserved bits", `${HEADER} 2600000000 02 02004433`),
  vector("2.2", "REPAIR: flag bit 3", "reserved bits", `${HEADER} 2a00000000 02 02004433`),
  vector("2.2", "REPAIR: row 128", "out of range", `${HEADER} 2280000000 02 02004433`),
  vector("2.2", "REPAIR: span 0", "out of range", `${HEADER} 2200000000 00 02004433`),
  vector("2.2", "REPAIR: span 129", "out of range", `${HEADER} 2001000000 81 01${"00".repeat(15)}01 02004433`),
  vector("2.2", "REPAIR: DENSE, span 33", "out of range", `${HEADER} 2201000000 21 02004433`),
  vector("2.2", "REPAIR: bitmap without its first member", "out of range", `${HEADER} 2001000000 03 06 02004433`),
  vector("2.2", "REPAIR: bitmap without its last member", "out of range", `${HEADER} 2001000000 03 03 02004433`),
  vector("2.2", "REPAIR: padding bit set", "out of range", `${HEADER} 2001000000 03 0d 02004433`),
  vector("2.2", "REPAIR: 33 members", "out of range", `${HEADER} 2001000000 40 ffffffff00000080 02004433`),
  vector("2.2", "REPAIR: bitmap cut off", "truncated", `${HEADER} 2001000000 10 01`),
  vector("2.2", "REPAIR: no length", "truncated", `${HEADER} 2201000000 02 02`),
  vector("2.2", "REPAIR: length 1", "out of range", `${HEADER} 2201000000 02 010044`),
  vector("2.2", "REPAIR: length 1203", "out of range", `${HEADER} 2201000000 02 b304 (aa)x1203`),
  vector("2.2", "REPAIR: repair symbol cut off", "truncated", `${HEADER} 2201000000 02 03004433`),
  vector("2.3", "FEEDBACK: bitmap of 9 bytes", "out of range", `${HEADER} 39 0100 ${"00".repeat(9)} 0000 000000 00`),
  vector("2.3", "FEEDBACK: bitmap cut off", "truncated", `${HEADER} 38 0100 01`),
  vector("2.3", "FEEDBACK: no symbol bitmap", "truncated", `${HEADER} 30 0100 0000 000000`),
  vector("2.3", "FEEDBACK: symbol bitmap cut off", "truncated", `${HEADER} 30 0100 0000 000000 02 01`),
  vector(
    "2.3",
    "FEEDBACK: symbol bitmap of 33 bytes",
    "out of range",
    `${HEADER} 30 0100 0000 000000 21 ${"01".repeat(33)}`,
  ),
  vector("2.3", "FEEDBACK: symbol bitmap ends in zero", "out of range", `${HEADER} 30 0100 0000 000000 02 0100`),
  vector("2.4", "PING: flags", "reserved bits", `${HEADER} 41`),
];
