/**
 * The one file of the server that reads private parts of a room, its serializer and its encoder (core 0.18, schema 5):
 * to send the full state anew to a client that missed patches. Where they look otherwise, it says that it cannot.
 */

import type { Client, Room } from "@colyseus/core";
import { encode } from "@colyseus/schema";

/** Schema's operations (its encoding/spec.ts): "what follows is about that object", and "this field has no value". */
const SWITCH_TO_STRUCTURE = 255;
const DELETE = 64;

/** Most bytes that an object's reference takes. */
const REFERENCE_BYTES_MAX = 10;

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
    readonly metadata: Readonly<Record<number, { readonly deprecated?: boolean; readonly patchOnly?: boolean } | undefined>>;
    readonly names: readonly string[];
    readonly tags: readonly (number | undefined)[];
    readonly filter?: (ref: object, index: number, view: View) => boolean;
  };
}

interface Encoder {
  readonly hasChanges: boolean;
  readonly _fullSyncGen: number;
  readonly root: { readonly changeTrees: Readonly<Record<number, ChangeTree | undefined>>; readonly streamTrees: ReadonlySet<unknown> };
  readonly context: { readonly schemas: ReadonlyMap<unknown, unknown> };
}

interface PrivateRoom {
  readonly _serializer?: { readonly id: string; readonly encoder?: Encoder };
  sendFullState?(client: Client): void;
}

/**
 * True if a full state is all that a client needs which missed patches. Not with streams and fields that are patch-only
 * (schema leaves both out of it), and not with another serializer than schema's.
 */
export function isResyncable(room: Room): boolean {
  const encoder = encoderOf(room);
  if (encoder === undefined || typeof privateOf(room).sendFullState !== "function") return false;
  if (!(encoder.root?.streamTrees?.size === 0) || typeof encoder._fullSyncGen !== "number") return false;
  for (const type of encoder.context?.schemas?.keys() ?? []) if (hasPatchOnlyFields(type)) return false;
  return true;
}

/** True if the next patch tick will bring this client a patch: the full state belongs in its place. */
export function hasPendingChanges(room: Room, client: Client): boolean {
  const view = client.view as unknown as View | undefined;
  return encoderOf(room)?.hasChanges === true || (view?.changes?.size ?? 0) > 0;
}

/** Sends the client the full state by its `raw`, as when it joined. */
export function sendFullState(room: Room, client: Client): void {
  privateOf(room).sendFullState?.(client);
}

/**
 * What a full state leaves unsaid: the fields that have no value, of every object that the client sees, as operations that
 * may stand at its end. To be called right after the full state was encoded. The SDK removes from collections what a second full state does
 * not name, but keeps the last value of such a field.
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
    encode.number(reference as Parameters<typeof encode.number>[0], Number(refId), end);
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
  const metadata = (type as { [Symbol.metadata]?: Record<number, { patchOnly?: boolean } | undefined> })[Symbol.metadata];
  for (let index = 0; metadata?.[index] !== undefined; index++) if (metadata[index]!.patchOnly) return true;
  return false;
}

function encoderOf(room: Room): Encoder | undefined {
  const serializer = privateOf(room)._serializer;
  return serializer?.id === "schema" ? serializer.encoder : undefined;
}

function privateOf(room: Room): PrivateRoom {
  return room as unknown as PrivateRoom;
}
