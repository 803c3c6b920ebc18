/** Which rooms can send a full state anew: what is read of core's and schema's private parts is there, as it was. */

import type { Client, Room } from "@colyseus/core";
import { Encoder, schema, StateView, t } from "@colyseus/schema";
import { afterEach, describe, expect, test, vi } from "vitest";
import { encodeAbsentFields, isResyncable } from "../../plugin/server/room-state.js";

const Item = schema({ name: t.string() }, "Item");
const Plain = schema({ a: t.uint8().default(1), b: t.string(), items: t.map(Item) }, "Plain");
const Secret = schema({ a: t.uint8().default(1), hidden: t.string().view() }, "Secret");
const PatchOnly = schema({ a: t.uint8(), b: t.uint8().patchOnly() }, "PatchOnly");
const Streamed = schema({ items: t.stream(Item) }, "Streamed");

interface World {
  readonly room: Record<string, unknown>;
  readonly client: { view?: unknown };
}

function world(state: object, view?: StateView): World {
  const encoder = new Encoder(state as ConstructorParameters<typeof Encoder>[0]);
  encoder.encodeAll();
  return { room: { _serializer: { id: "schema", encoder }, sendFullState() {} }, client: { view } };
}

const resyncable = ({ room, client }: World) => isResyncable(room as unknown as Room, client as Client);
const absent = ({ room, client }: World) => encodeAbsentFields(room as unknown as Room, client as Client);

/** The object without what is at the path, as after a renaming. */
function without<Target extends object>(target: Target, path: string): Target {
  const [name, ...rest] = path.split(".");
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key, object);
      if (key !== name) return typeof value === "function" && !Array.isArray(object) ? value.bind(object) : value;
      return rest.length === 0 ? undefined : without(value as object, rest.join("."));
    },
  });
}

const TREE = "room._serializer.encoder.root.changeTrees.0";
const ENCODER_PARTS = [
  "hasChanges",
  "_fullSyncGen",
  "root",
  "root.changeTrees",
  "root.streamTrees",
  "context",
  "context.schemas",
].map((name) => `room._serializer.encoder.${name}`);
const TREE_PARTS = [
  "ref",
  "isFiltered",
  "_fullSyncGen",
  "encDescriptor",
  ...["isSchema", "metadata", "names", "tags", "metadata.1", "names.1"].map((name) => `encDescriptor.${name}`),
].map((name) => `${TREE}.${name}`);
const PARTS = [
  "room.sendFullState",
  "room._serializer",
  "room._serializer.id",
  "room._serializer.encoder",
  ...ENCODER_PARTS,
  ...TREE_PARTS,
];
const VIEW_PARTS = [
  "client.view.changes",
  "client.view.changes.size",
  "client.view.isChangeTreeVisible",
  `${TREE}.encDescriptor.filter`,
];

describe("a room whose state is of schema", () => {
  afterEach(() => {
    vi.doUnmock("@colyseus/schema");
    vi.resetModules();
  });

  test("is resyncable, with and without views, and says which fields are absent", () => {
    for (const each of [world(new Plain()), world(new Secret(), new StateView()), world(new Secret())])
      expect(resyncable(each)).toBe(true);
    expect([...absent(world(new Plain()))]).toEqual([255, 0, 64 | 1]);
    expect([...absent(world(new Secret(), new StateView()))]).toEqual([]);
  });

  test("is not with fields that are patch-only, or streams", () => {
    for (const state of [new PatchOnly(), new Streamed()]) expect(resyncable(world(state))).toBe(false);
  });

  test.each(PARTS)("is not without %s", (part) => {
    expect(resyncable(without(world(new Plain()), part))).toBe(false);
  });

  test.each([...PARTS, ...VIEW_PARTS])("is not for a client with a view without %s", (part) => {
    const complete = world(new Secret(), new StateView());
    expect(resyncable(complete)).toBe(true);
    expect(resyncable(without(complete, part))).toBe(false);
  });

  test.each(["patchOnly", "deprecated"])("is not where schema marks fields as %s in another way", async (mark) => {
    vi.resetModules();
    vi.doMock("@colyseus/schema", async (original) => {
      const actual = await original<typeof import("@colyseus/schema")>();
      const marks = { patchOnly: { patchOnly: true }, deprecated: { deprecated: true } };
      return {
        ...actual,
        schema: () => ({ [Symbol.metadata]: { ...Object.values({ ...marks, [mark]: { renamed: true } }) } }),
      };
    });
    const fresh = await import("../../plugin/server/room-state.js");
    const { room, client } = world(new Plain());
    expect(fresh.isResyncable(room as unknown as Room, client as Client)).toBe(false);
  });
});
