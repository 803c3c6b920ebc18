/** The page's own player against the rules' own world, over a line with delay, jitter and loss. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUTTON_DASH, MOVE_MAX, POSITION_SCALE, STEP_S, TURN } from "../../sample-game/rules/constants.js";
import { IDLE_INPUT } from "../../sample-game/rules/input.js";
import { createRandom, type Random, randomIndex } from "../../sample-game/rules/random.js";
import type { Player, PlayerInput } from "../../sample-game/rules/types.js";
import { addPlayer, createWorld, step } from "../../sample-game/rules/world.js";
import { PREDICTION_TOLERANCE, STEP_MS } from "../../sample-game/web/motion/limits.js";
import { type InputTimeline, OwnPlayer, type OwnTruth } from "../../sample-game/web/motion/own-player.js";
import type { Pose } from "../../sample-game/web/motion/snapshots.js";

/** The SDK's handle as far as prediction reads it: numbers from 1, unacknowledged inputs kept. */
class Line implements InputTimeline {
  sentCount = 0;
  lastProcessed = 0;
  epoch = 0;
  readonly inputs = new Map<number, PlayerInput>();

  send(input: PlayerInput): void {
    this.inputs.set(++this.sentCount, input);
  }

  at(seq: number): PlayerInput | undefined {
    return seq > this.lastProcessed ? this.inputs.get(seq) : undefined;
  }
}

function truthOf({ x, y, dashClock, dashAngle, alive }: Player): OwnTruth {
  return { x: Math.round(x * POSITION_SCALE), y: Math.round(y * POSITION_SCALE), dashClock, dashAngle, alive };
}

function randomInput(random: Random, before: PlayerInput): PlayerInput {
  if (random.next() < 0.9) return before;
  const angle = random.next() * 2 * Math.PI;
  return {
    moveX: Math.trunc(Math.cos(angle) * MOVE_MAX),
    moveY: Math.trunc(Math.sin(angle) * MOVE_MAX),
    aim: randomIndex(random, TURN),
    buttons: random.next() < 0.3 ? BUTTON_DASH : 0,
  };
}

/** Plays ticks on both sides; an input arrives `delayTicks` after it was sent, a state as long after it was made. */
function play(seed: number, ticks: number, delayTicks: number, lossRatio = 0) {
  const random = createRandom(seed);
  const world = createWorld(createRandom(seed + 1));
  const player = addPlayer(world, "own", "own");
  const line = new Line();
  const own = new OwnPlayer(line);
  const states: { atTick: number; acked: number; truth: OwnTruth }[] = [
    { atTick: 0, acked: 0, truth: truthOf(player) },
  ];
  const arrivals: { atTick: number; seq: number; input: PlayerInput }[] = [];
  let input: PlayerInput = IDLE_INPUT;
  let latest: PlayerInput = IDLE_INPUT;
  let acked = 0;
  let farthest = 0;
  for (let tick = 0; tick < ticks; tick++) {
    while (states[0] !== undefined && states[0].atTick <= tick) {
      const state = states.shift()!;
      line.lastProcessed = state.acked;
      own.onPatch(state.truth);
    }
    input = randomInput(random, input);
    line.send(input);
    own.onSend(input);
    if (random.next() >= lossRatio) arrivals.push({ atTick: tick + delayTicks, seq: line.sentCount, input });
    const due = arrivals[0] !== undefined && arrivals[0].atTick <= tick ? arrivals.shift() : undefined;
    if (due !== undefined) {
      acked = due.seq;
      latest = due.input;
    }
    step(world, new Map([["own", due?.input ?? { ...latest, buttons: 0 }]]), STEP_S);
    states.push({ atTick: tick + delayTicks, acked, truth: truthOf(player) });
    const predicted = own.current;
    if (acked === line.sentCount)
      farthest = Math.max(farthest, Math.hypot(predicted.x - player.x, predicted.y - player.y));
  }
  return { own, player, line, farthest };
}

describe("the own player", () => {
  it("is where the server will put it, on a line that loses nothing, whatever the delay (walls, dashes, slides)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 20 }), (seed, delay) => {
        const { own } = play(seed, 300, delay);
        // Until the first input arrives the server stands still, as the prediction does not: nothing else is corrected.
        expect(own.corrections).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  });

  it("is exactly where the server is when nothing is under way", () => {
    const { farthest } = play(3, 600, 0);
    expect(farthest).toBeLessThanOrEqual(PREDICTION_TOLERANCE);
  });

  it("follows the server again after lost inputs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const { own, line } = play(seed, 300, 4, 0.1);
        expect(own.corrections).toBeGreaterThan(0);
        // Quiet from here on: one more truth decides.
        line.lastProcessed = line.sentCount;
        own.onPatch({ x: 1600, y: 1600, dashClock: 0, dashAngle: 0, alive: true });
        expect(own.current).toMatchObject({ x: 100, y: 100 });
      }),
      { numRuns: 50 },
    );
  });

  const truth: OwnTruth = { x: 100 * POSITION_SCALE, y: 600 * POSITION_SCALE, dashClock: 0, dashAngle: 0, alive: true };
  const right: PlayerInput = { moveX: MOVE_MAX, moveY: 0, aim: 0, buttons: 0 };

  function started() {
    const line = new Line();
    const own = new OwnPlayer(line);
    own.onPatch(truth);
    return { line, own };
  }

  function shown(own: OwnPlayer, share = 1): Pose {
    const pose = { x: 0, y: 0, aim: 0 };
    own.sample(share, pose);
    return pose;
  }

  it("moves with its input before any answer, evenly between two ticks", () => {
    const { line, own } = started();
    line.send(right);
    own.onSend(right);
    expect(shown(own, 0).x).toBe(100);
    expect(shown(own, 0.5).x).toBeCloseTo(102.5);
    expect(shown(own, 1).x).toBeCloseTo(105);
  });

  it("hides a correction: it jumps nowhere, and has arrived after half a second", () => {
    const { line, own } = started();
    for (let i = 0; i < 6; i++) {
      line.send(right);
      own.onSend(right);
    }
    const before = shown(own).x;
    line.lastProcessed = 3;
    own.onPatch({ ...truth, x: 100 * POSITION_SCALE });
    expect(shown(own).x).toBeCloseTo(before);
    expect(own.current.x).toBeCloseTo(115);
    for (let i = 0; i < 30; i++) own.advance(STEP_MS);
    expect(shown(own).x).toBeCloseTo(115, 1);
    expect(own.largestCorrection).toBeCloseTo(15);
  });

  it("jumps when it respawns, and replays what was sent since", () => {
    const { line, own } = started();
    own.onPatch({ ...truth, alive: false });
    line.send(right);
    own.onSend(right);
    expect(own.current.x).toBe(100);
    own.onPatch({ ...truth, x: 1500 * POSITION_SCALE });
    expect(shown(own).x).toBeCloseTo(1505);
    expect(own.corrections).toBe(0);
  });

  it("starts over on a new connection, whose numbers begin again", () => {
    const { line, own } = started();
    for (let i = 0; i < 10; i++) {
      line.send(right);
      own.onSend(right);
    }
    Object.assign(line, { epoch: 1, sentCount: 0, lastProcessed: 0 });
    line.inputs.clear();
    own.onPatch({ ...truth, x: 700 * POSITION_SCALE });
    expect(shown(own).x).toBe(700);
  });

  it("shows a dash for exactly its length", () => {
    const { line, own } = started();
    const seen: boolean[] = [];
    for (let i = 0; i < 14; i++) {
      const input = { ...right, buttons: i === 1 ? BUTTON_DASH : 0 };
      line.send(input);
      own.onSend(input);
      seen.push(own.dashing);
    }
    expect(seen.map(Number).join("")).toBe("01111111110000");
  });
});
