/** A client whose full state cannot be sent in the place of what was shed: a private part of the room is not what it was. */

import { CloseCode, ClientState, logger, Protocol, type Room } from "@colyseus/core";
import { Encoder, schema, t } from "@colyseus/schema";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StateFlow, type FlowLink } from "../../plugin/server/state-flow.js";
import { FakeClock } from "../compliance/fake-clock.js";

const PATCH = Uint8Array.of(Protocol.ROOM_STATE_PATCH, 1, 2, 3);
const RESYNC_AFTER_MS = 500;

const Item = schema({ name: t.string() }, "FlowItem");
const State = schema({ tick: t.uint8().default(0), item: t.ref(Item) }, "FlowState");

let clock: FakeClock;
let errors: unknown[][];

class FakeLink implements FlowLink {
  isOpen = true;
  waitingBytes = 0;
  lateMs = 0;
  readonly closed: number[] = [];

  behindMs(): number {
    return this.lateMs;
  }

  close(code: number): void {
    this.isOpen = false;
    this.closed.push(code);
  }
}

class FakeClient {
  readonly sessionId = "session";
  readonly state = ClientState.JOINED;
  readonly link = new FakeLink();
  readonly sent: Uint8Array[] = [];
  readonly flow: StateFlow;

  constructor(room: FakeRoom) {
    this.flow = new StateFlow(this as never, this.link, room as unknown as Room, RESYNC_AFTER_MS, clock);
    room.sendFullState(this);
  }

  raw(bytes: Uint8Array): void {
    const kept = this.flow.filter(bytes);
    if (kept !== undefined) this.sent.push(kept);
  }

  rawFullState(state: Uint8Array): void {
    this.sent.push(state);
  }

  /** So much later than RESYNC_AFTER_MS that patches are shed, if they may be. */
  fallBehind(): void {
    Object.assign(this.link, { lateMs: 600, waitingBytes: 5000 });
    for (let i = 0; i < 20; i++) this.raw(PATCH);
  }

  catchUp(): void {
    Object.assign(this.link, { lateMs: 0, waitingBytes: 0 });
  }
}

class FakeRoom {
  readonly roomId = "room";
  readonly encoder: Encoder;
  readonly _serializer: { id: string; encoder: Encoder };

  constructor() {
    const state = new State();
    state.item = new Item();
    this.encoder = new Encoder(state);
    this._serializer = { id: "schema", encoder: this.encoder };
  }

  sendFullState(client: FakeClient): void {
    client.raw(Uint8Array.of(Protocol.ROOM_STATE, ...this.encoder.encodeAll()));
    this.encoder.discardChanges();
  }
}

/** What fails only when it is needed. */
const FAILURES: Record<string, (room: FakeRoom) => void> = {
  "is not encoded": (room) => {
    room.sendFullState = () => {
      throw new Error("broken");
    };
  },
  "cannot be completed": (room) => {
    const tree = room.encoder.root.changeTrees[1]!;
    Object.defineProperty(tree, "encDescriptor", { value: { ...tree.encDescriptor, tags: undefined } });
  },
};

beforeEach(() => {
  clock = new FakeClock();
  errors = [];
  vi.spyOn(logger, "error").mockImplementation((...parts) => void errors.push(parts));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Where the full state is sent: in a tick, in the place of its patch, or from a timer between ticks. */
const PLACES: Record<string, (client: FakeClient) => void> = {
  "in the room's tick": (client) => client.raw(PATCH),
  "between ticks": () => clock.advance(200),
};

describe("a client that was too far behind", () => {
  test.each(Object.keys(PLACES))("gets the full state %s, with what it leaves unsaid", (place) => {
    const room = new FakeRoom(),
      client = new FakeClient(room);
    client.fallBehind();
    client.catchUp();
    const before = client.sent.length;
    PLACES[place]!(client);
    expect(client.flow.resyncs).toBe(1);
    expect(client.sent.slice(before).map((bytes) => [bytes[0], [...bytes.subarray(-3)]])).toEqual([
      [Protocol.ROOM_STATE, [255, 1, 64]],
    ]);
    expect([errors, client.link.closed]).toEqual([[], []]);
  });

  for (const [failure, fail] of Object.entries(FAILURES)) {
    test.each(Object.keys(PLACES))(
      `and whose full state ${failure} %s is told to come back; its room sheds nothing from then on`,
      (place) => {
        const room = new FakeRoom(),
          clients = [new FakeClient(room), new FakeClient(room)] as const;
        const late = new FakeClient(room);
        for (const client of clients) client.fallBehind();
        const sent = clients.map((client) => client.sent.length);
        fail(room);
        for (const client of clients) {
          client.catchUp();
          PLACES[place]!(client);
          client.raw(PATCH);
          clock.advance(1000);
        }
        expect(clients.map(({ link }) => link.closed)).toEqual(Array(2).fill([CloseCode.MAY_TRY_RECONNECT]));
        expect(clients.map((client) => client.sent.length)).toEqual(sent);
        expect(errors).toEqual([[expect.stringMatching(/^colyseus-fec: room room .*full state/), expect.any(Error)]]);
        late.fallBehind();
        late.raw(PATCH);
        expect([late.flow.patchesShed, late.sent.length]).toEqual([0, 22]);
      },
    );
  }
});
