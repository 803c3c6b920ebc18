/** An unreliable patch about an object that the client does not know must change nothing: schema's decoder guesses where the next object starts. */
import { Decoder, Encoder, schema, t } from "@colyseus/schema";
import { afterEach, expect, it, vi } from "vitest";
import { stopAtUnknownObjects, type AnyRoom } from "../../plugin/client/sdk-internals.js";

const State = schema({ tick: t.uint32().default(0), name: t.string().default("") }, "State");

/** [code | UNRELIABLE, sequence], then: object 99, its field 0 becomes 255, then bytes that look like "object 0, its field 0 becomes 7". */
const UNKNOWN = Uint8Array.of(16 | 0x40, 1, 0, 255, 99, 128, 255, 0, 128, 7, 0, 0, 0);

function joined(): { state: InstanceType<typeof State>; decoder: Decoder; room: AnyRoom } {
  const server = new State().assign({ tick: 5, name: "a" });
  const state = new State(),
    decoder = new Decoder(state);
  decoder.decode(new Encoder(server).encodeAll());
  return { state, decoder, room: { serializer: { decoder } } as unknown as AnyRoom };
}

afterEach(() => vi.restoreAllMocks());

it.each([
  [false, 7],
  [true, 5],
])("guarded: %s leaves the state's tick at %i", (guarded, tick) => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { state, decoder, room } = joined();
  expect(state.tick).toBe(5);
  if (guarded) stopAtUnknownObjects(room);
  decoder.decode(UNKNOWN, { offset: 3 });
  expect(state.tick).toBe(tick);
});

it("ordered patches are skipped as ever, and a room without a decoder is left alone", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { state, decoder, room } = joined();
  stopAtUnknownObjects(room);
  const ordered = UNKNOWN.slice();
  ordered[0] = 16;
  decoder.decode(ordered, { offset: 3 });
  expect(state.tick).toBe(7);
  expect(() => stopAtUnknownObjects({} as AnyRoom)).not.toThrow();
});
