/**
 * The one file of the server that reads private parts of a room, its serializer and its encoder (core 0.18, schema 5):
 * to send the full state anew to a client that missed patches. Where they look otherwise, it says that it cannot.
 */

import type { Client, Room } from "@colyseus/core";
import { $numFields, encode, schema, t } from "@colyseus/schema";

/** Schema's operations (its encoding/spec.ts): "what follows is about that object", and "this field has no value". */
const SWITCH_TO_STRUCTURE = 255;
const DELETE = 64;

/** Most bytes that an object's reference takes. */
const REFERENCE_BYTES_MAX = 10;

/** What schema keeps for each type: its fields by index, and the last index. */
interface TypeMetadata {
  readonly [index: number]: { readonly deprecated?: boolean; readonly patchOnly?: boolean } | undefined;
  readonly [$numFields]?: number;
}

interface View {
  readonly changes?: { readonly size: number };
  isChangeTreeVisible(tree: ChangeTree): boolean;
}

interface ChangeTree {
  readonly ref: Record<string, unknown>;
  readonly isFiltered: boolean;
  /** Number of the last full encoding that came by. */
  readonly _fullSyncGen: number;
  readonly encDescriptor: {
    readonly isSchema: boolean;
    readonly metadata: TypeMetadata;
    readonly names: readonly string[];
    readonly tags: readonly (number | undefined)[];
    readonly filter?: (ref: object, index: number, view: View) => boolean;
  };
}

interface Encoder {
  readonly hasChanges: boolean;
  readonly _fullSyncGen: number;
  readonly root: {
    readonly changeTrees: Readonly<Record<number, ChangeTree | undefined>>;
    readonly streamTrees: ReadonlySet<unknown>;
  };
  readonly context: { readonly schemas: ReadonlyMap<unknown, unknown> };
}

interface PrivateRoom {
  readonly _serializer?: { readonly id: string; readonly encoder?: Encoder };
  sendFullState?(client: Client): void;
}

/**
 * True if a full state is all that a client needs which missed patches. Not with streams and fields that are patch-only
 * (schema leaves both out of it), not with another serializer than schema's, and not where what is read here looks
 * otherwise.
 */
export function isResyncable(room: Room, client: Client): boolean {
  try {
    const encoder = encoderOf(room);
    if (encoder === undefined || typeof privateOf(room).sendFullState !== "function") return false;
    if (!isKnownEncoder(encoder) || !isKnownView(client.view) || !areMarksKnown()) return false;
    return encoder.root.streamTrees.size === 0 && ![...encoder.context.schemas.keys()].some(hasPatchOnlyFields);
  } catch {
    return false; // a part that another is looked for in is not there
  }
}

/** True if the next patch tick will bring this client a patch: the full state belongs in its place. */
export function hasPendingChanges(room: Room, client: Client): boolean {
  const view = client.view as unknown as View | undefined;
  return encoderOf(room)?.hasChanges === true || (view?.changes?.size ?? 0) > 0;
}

/**
 * The full state as the client would get it on joining; the bytes are the encoder's until its next turn. @throws what
 * the room throws.
 */
export function encodeFullState(room: Room, client: Client): Uint8Array {
  let state: Uint8Array | undefined;
  // What core would send: to one that is the client in all but how it is sent.
  const taker: Client = Object.create(client, { raw: { value: (data: Uint8Array) => (state = data) } });
  privateOf(room).sendFullState?.(taker);
  if (state === undefined) throw new Error("the room sent no full state");
  return state;
}

/**
 * What a full state leaves unsaid: the fields that have no value, of every object that the client sees, as operations
 * that may stand at its end. To be called right after the full state was encoded. The SDK removes from collections what
 * a second full state does not name, but keeps the last value of such a field.
 */
export function encodeAbsentFields(room: Room, client: Client): Uint8Array {
  const encoder = encoderOf(room);
  const view = client.view as unknown as View | undefined;
  const bytes: number[] = [];
  const reference = new Uint8Array(REFERENCE_BYTES_MAX);
  for (const [refId, tree] of Object.entries(encoder?.root.changeTrees ?? {})) {
    if (tree === undefined || tree._fullSyncGen !== encoder!._fullSyncGen || !tree.encDescriptor.isSchema) continue;
    if (tree.isFiltered && view?.isChangeTreeVisible(tree) !== true) continue;
    const absent = absentFields(tree, view);
    if (absent.length === 0) continue;
    const end = { offset: 0 };
    encode.number(reference, Number(refId), end);
    bytes.push(SWITCH_TO_STRUCTURE, ...reference.subarray(0, end.offset), ...absent.map((index) => DELETE | index));
  }
  return Uint8Array.from(bytes);
}

function absentFields({ ref, encDescriptor }: ChangeTree, view: View | undefined): number[] {
  const { names, tags, metadata, filter } = encDescriptor;
  const absent: number[] = [];
  for (let index = 0; index < names.length; index++) {
    const field = metadata[index];
    // A deprecated field throws when it is read.
    if (field === undefined || field.deprecated || (ref[names[index]!] ?? undefined) !== undefined) continue;
    const isPublic = tags[index] === undefined;
    if (isPublic || (view !== undefined && (filter === undefined || filter(ref, index, view)))) absent.push(index);
  }
  return absent;
}

function hasPatchOnlyFields(type: unknown): boolean {
  const metadata = metadataOf(type);
  for (let index = 0; index <= (metadata?.[$numFields] ?? -1); index++) if (metadata![index]?.patchOnly) return true;
  return false;
}

function metadataOf(type: unknown): TypeMetadata | undefined {
  return (type as { [Symbol.metadata]?: TypeMetadata })[Symbol.metadata];
}

/**
 * Whether all that is read of an encoder is there; of its trees, which are of one class, the root's. Throws without a
 * part that has others.
 */
function isKnownEncoder({ hasChanges, _fullSyncGen, root, context }: Encoder): boolean {
  const tree = firstOf(root.changeTrees)!;
  return (
    typeof hasChanges === "boolean" &&
    typeof _fullSyncGen === "number" &&
    context.schemas instanceof Map &&
    root.streamTrees instanceof Set &&
    typeof tree.ref === "object" &&
    typeof tree.isFiltered === "boolean" &&
    typeof tree._fullSyncGen === "number" &&
    isKnownDescriptor(tree.encDescriptor)
  );
}

function isKnownDescriptor({ isSchema, metadata, names, tags, filter }: ChangeTree["encDescriptor"]): boolean {
  if (isSchema !== true || typeof metadata !== "object" || names.length !== tags.length) return false;
  const hasTags = tags.some((tag) => tag !== undefined);
  return (
    (filter === undefined ? !hasTags : typeof filter === "function") &&
    names.every((name, index) => (typeof name === "string") === (typeof metadata[index] === "object"))
  );
}

function isKnownView(view: unknown): boolean {
  if (view === undefined || view === null) return true;
  const { changes, isChangeTreeVisible } = view as View;
  return typeof changes?.size === "number" && typeof isChangeTreeVisible === "function";
}

let marksKnown: boolean | undefined;

/** Whether schema marks patch-only and deprecated fields as it is read here: asked of a type that has both, once. */
function areMarksKnown(): boolean {
  return (marksKnown ??= hasKnownMarks(
    schema({ patchOnly: t.uint8().patchOnly(), deprecated: t.uint8().deprecated() }, "ColyseusFecMarks"),
  ));
}

function hasKnownMarks(type: unknown): boolean {
  return hasPatchOnlyFields(type) && metadataOf(type)?.[1]?.deprecated === true;
}

function firstOf<Value>(record: Readonly<Record<number, Value>>): Value | undefined {
  for (const key in record) return record[key];
  return undefined;
}

function encoderOf(room: Room): Encoder | undefined {
  const serializer = privateOf(room)._serializer;
  return serializer?.id === "schema" ? serializer.encoder : undefined;
}

function privateOf(room: Room): PrivateRoom {
  return room as unknown as PrivateRoom;
}
