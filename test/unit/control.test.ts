/** The estimators and the redundancy controller, each on inputs whose answer is known. */
import { describe, expect, it } from "vitest";
import { parseRepair } from "colyseus-fec/core";
import { SeededRandom } from "colyseus-fec/netem";
import { LossEstimator } from "../../plugin/core/control/loss-estimator.js";
import { PatchInterval } from "../../plugin/core/control/patch-interval.js";
import { PathMonitor } from "../../plugin/core/control/path-monitor.js";
import {
  RedundancyController,
  type PathState,
  type RedundancyDecision,
} from "../../plugin/core/control/redundancy-controller.js";
import { RttEstimator } from "../../plugin/core/control/rtt-estimator.js";
import { FeedbackBuilder } from "../../plugin/core/receive/feedback-builder.js";
import { OneWayDelay } from "../../plugin/core/receive/one-way-delay.js";
import { SentDatagrams, type SentDatagram } from "../../plugin/core/send/sent-datagrams.js";
import type { FeedbackFrame } from "../../plugin/core/wire/datagram-reader.js";
import { seeds } from "../sim/random.js";

describe("OneWayDelay", () => {
  it("follows a clock that drifts by minutes: the queue is what the last minutes say", () => {
    const delay = new OneWayDelay();
    // The peer's clock runs a hundredth too fast: 36 s in an hour, more than 16 bits of ms can tell apart on either side.
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 50) {
      const localMs = delay.onDatagram(Math.floor(nowMs * 1.01) & 0xffff, nowMs);
      expect(Math.abs(nowMs - localMs)).toBeLessThanOrEqual(1);
    }
    for (let nowMs = 3_600_000; nowMs < 3_601_000; nowMs += 50)
      delay.onDatagram(Math.floor((nowMs - 80) * 1.01) & 0xffff, nowMs);
    expect(delay.queueMs).toBeGreaterThan(70);
    expect(delay.queueMs).toBeLessThan(90);
  });
});

describe("PatchInterval", () => {
  it("is that of the patches that were sent, whatever share of them came, and strays by what they do", () => {
    for (const { loss, jitterMs } of [
      { loss: 0, jitterMs: 0 },
      { loss: 0.3, jitterMs: 0 },
      { loss: 0.1, jitterMs: 5 },
    ]) {
      const interval = new PatchInterval(),
        random = new SeededRandom(1);
      let missed = 0,
        ms = 0,
        deviationMs = 0;
      for (let n = 0; n < 2000; n++) {
        if (random.next() < loss) missed++;
        else {
          interval.onPatch(n * 50 + random.next() * jitterMs, missed);
          missed = 0;
        }
        ms += interval.ms / 1000;
        deviationMs += interval.deviationMs / 1000;
        if (n === 1000) ms = deviationMs = 0;
      }
      expect(ms, `loss ${loss}, jitter ${jitterMs}`).toBeCloseTo(50, 0);
      // The difference of two times of which each is late by 0..J strays by J / 3.
      expect(Math.abs(deviationMs - jitterMs / 3), `loss ${loss}, jitter ${jitterMs}`).toBeLessThan(0.3);
    }
  });

  it("is not shortened by lost repairs between two patches", () => {
    const interval = new PatchInterval();
    for (let n = 0; n < 100; n++) interval.onPatch(n * 50, 3);
    expect(interval.ms).toBe(50);
  });
});

describe("FeedbackBuilder", () => {
  it("learns no lateness from what the reliable path overtook: a gap afterwards is told at once", () => {
    const feedback = new FeedbackBuilder(0, new Uint8Array(32));
    const come = (number: number, carried: boolean, nowMs: number): unknown => {
      const fate = feedback.onDatagram(number, carried, nowMs);
      feedback.onEliciting(false, 16, 1, Infinity, nowMs);
      return fate;
    };
    for (let n = 0; n < 10; n++) expect(come(n, false, n * 16)).toBe(0);
    expect(come(20, true, 160)).toBe(0);
    // Those stood in the channel: not lost, not late.
    for (let n = 10; n < 20; n++) expect(come(n, false, 460)).toBe(0);
    expect(come(21, false, 470)).toBe(0);
    feedback.build(470, 0);
    feedback.onSent();
    expect(come(23, false, 486)).toBe(1);
    expect(feedback.dueMs).toBe(486);
    expect(come(22, false, 500)).toBe("late");
  });
});

describe("RttEstimator", () => {
  it("follows RFC 6298: the first sample sets SRTT and half of it RTTVAR", () => {
    const rtt = new RttEstimator();
    rtt.add(100, 0);
    expect(rtt.srttMs).toBe(100);
    expect(rtt.rttvarMs).toBe(50);
    rtt.add(140, 10);
    expect(rtt.srttMs).toBe(105);
    expect(rtt.rttvarMs).toBe(47.5);
    expect(rtt.rtoMs).toBe(105 + 4 * 47.5);
  });

  it("keeps 3 ms of slack on a path without variance, and forgets a least RTT of more than ten minutes ago", () => {
    const rtt = new RttEstimator();
    rtt.add(10, 0);
    for (let t = 0; t < 700_000; t += 1000) rtt.add(50, t + 1);
    expect(rtt.rtoMs).toBeCloseTo(53, 1);
    expect(rtt.minMs).toBe(50);
  });
});

describe("LossEstimator", () => {
  it("measures the share lost over ten seconds and forgets it afterwards", () => {
    const loss = new LossEstimator();
    for (let i = 0; i < 600; i++) loss.add(i % 20 === 0, (i * 1000) / 60);
    expect(loss.longRatio(10_000)).toBeCloseTo(0.05, 2);
    expect(loss.longRatio(60_000)).toBe(0);
  });

  it("takes a loss back", () => {
    const loss = new LossEstimator();
    for (let i = 0; i < 10; i++) loss.add(i === 5, i);
    loss.forgive();
    expect(loss.longRatio(10)).toBe(0);
    loss.forgive();
    expect(loss.longRatio(10)).toBe(0);
  });
});

describe("RedundancyController", () => {
  const quiet: PathState = {
    nowMs: 0,
    recentLossRatio: 0,
    longLossRatio: 0,
    lossSignificant: false,
    srttMs: 100,
    minRttMs: 100,
    rttvarMs: 0,
    queueDelayMs: 0,
    patchIntervalMs: 1000 / 60,
    meanRun: 1,
    runs: 0,
    elapsedMs: 100,
    sourceBytes: 1500,
    repairBytes: 0,
    resentBytes: 0,
    outcomes: 0,
    losses: 0,
  };
  const lossy = (ratio: number): Partial<PathState> => ({
    recentLossRatio: ratio,
    longLossRatio: ratio,
    lossSignificant: true,
  });

  /** Looks every 100 ms for `ms`, at 60 outcomes a second, repair taking `share` of the sources' bytes. Returns the last decision. */
  function run(
    controller: RedundancyController,
    fromMs: number,
    ms: number,
    state: Partial<PathState>,
    share = 0,
  ): RedundancyDecision {
    let decision: RedundancyDecision | undefined;
    for (let t = fromMs; t < fromMs + ms; t += 100) {
      const outcomes = 0.06 * t,
        losses = Math.floor(outcomes * (state.longLossRatio ?? 0));
      decision = controller.update({
        ...quiet,
        ...state,
        nowMs: t,
        outcomes,
        losses,
        runs: losses,
        repairBytes: share * quiet.sourceBytes,
      });
    }
    return decision!;
  }

  it("spends nothing on a path without loss, and as good as none", () => {
    expect(run(new RedundancyController(), 0, 5000, {}).value).toBeUndefined();
    expect(run(new RedundancyController(), 0, 5000, lossy(0.002)).value).toBeUndefined();
  });

  it("protects at the first look at a loss, dearly at first, and lets the price fall while there is room", () => {
    const controller = new RedundancyController();
    const first = controller.update({ ...quiet, ...lossy(0.05) }).value!;
    expect(first.lossRatio).toBe(0.05);
    const later = run(controller, 100, 5000, lossy(0.05)).value!;
    expect(later.msPerByte).toBeLessThan(first.msPerByte / 4);
  });

  it("raises the price as long as repair takes more than its share", () => {
    for (const [overheadMax, share, rises] of [
      [undefined, 0.7, false],
      [undefined, 0.8, true],
      [0.3, 0.35, true],
      [0.3, 0.25, false],
    ] as const) {
      const controller = new RedundancyController();
      controller.overheadMax = overheadMax;
      const before = run(controller, 0, 10_000, lossy(0.1)).value!.msPerByte;
      const after = run(controller, 10_000, 10_000, lossy(0.1), share).value!.msPerByte;
      expect(after > before, `share ${share} of at most ${overheadMax}`).toBe(rises);
    }
  });

  it("takes losses in runs for a repair's own danger", () => {
    expect(new RedundancyController().update({ ...quiet, ...lossy(0.05), meanRun: 4 }).value!.relossRatio).toBe(0.75);
  });

  it("sends nothing while a queue stands, then steps back for fifteen seconds, and longer each time", () => {
    const controller = new RedundancyController();
    run(controller, 0, 10_000, lossy(0.05), 0.7);
    expect(run(controller, 10_000, 1000, { ...lossy(0.05), queueDelayMs: 100 }, 0.7).value).toBeUndefined();
    const before = run(controller, 11_000, 5000, lossy(0.05)).value!.msPerByte;
    const held = run(controller, 16_000, 8000, lossy(0.05), 0.45).value!.msPerByte;
    expect(held, "dearer: 0.45 is above a third of the share").toBeGreaterThan(before);
    const again = run(controller, 28_000, 8000, lossy(0.05), 0.45).value!.msPerByte;
    expect(again, "cheaper: the step up came").toBeLessThan(held);
  });

  /** Whether repair is sent again within ten seconds of a queue that goes up and down by `spreadMs` above 40 ms. */
  function takesForTheWay(spreadMs: number, rttvarMs: number): boolean {
    const controller = new RedundancyController();
    run(controller, 0, 10_000, lossy(0.05), 0.7);
    for (let t = 10_000; t < 20_000; t += 100) {
      const queueDelayMs = 40 + (t % 300 === 0 ? spreadMs : 0);
      if (run(controller, t, 100, { ...lossy(0.05), queueDelayMs, rttvarMs }).value !== undefined && t > 11_000)
        return true;
    }
    return false;
  }

  it("takes a queue that stands still, as far as the delay of its way ever does, for the way itself", () => {
    expect([takesForTheWay(4, 0), takesForTheWay(5, 0)]).toEqual([true, false]);
    expect([takesForTheWay(8, 4), takesForTheWay(9, 4)]).toEqual([true, false]);
    // A full queue makes the delay vary as well.
    expect([takesForTheWay(12, 100), takesForTheWay(13, 100)]).toEqual([true, false]);
  });

  it("rests for a second on another path, and takes what the peer calls a queue then for the way", () => {
    const controller = new RedundancyController();
    run(controller, 0, 10_000, lossy(0.05), 0.7);
    run(controller, 10_000, 2000, { ...lossy(0.05), queueDelayMs: 60 });
    controller.onMove(12_000);
    expect(run(controller, 12_000, 1000, { ...lossy(0.05), queueDelayMs: 60 }).value).toBeUndefined();
    for (let t = 13_000; t < 23_000; t += 100)
      expect(run(controller, t, 100, { ...lossy(0.05), queueDelayMs: 50 + (t % 300) / 20 }).value).toBeDefined();
    // What comes on top is a queue.
    expect(run(controller, 23_000, 1000, { ...lossy(0.05), queueDelayMs: 90 }).value).toBeUndefined();
  });

  it("stops at once if the loss grows by half within two seconds of starting, while datagrams queue", () => {
    const controller = new RedundancyController();
    run(controller, 0, 1000, lossy(0.02));
    expect(run(controller, 1000, 200, { ...lossy(0.04), queueDelayMs: 30 }).value).toBeUndefined();
  });

  it("sends repairs on their own where the next patch is far", () => {
    expect(new RedundancyController().update({ ...quiet, ...lossy(0.05), patchIntervalMs: 50 }).separate).toBe(true);
    expect(new RedundancyController().update({ ...quiet, ...lossy(0.05) }).separate).toBe(false);
  });

  it("keeps repair within 96 kbit/s, or three quarters of the sources' rate, or 256 kbit/s", () => {
    expect(run(new RedundancyController(), 0, 5000, lossy(0.05)).bytesPerSecondMax).toBe(12_000);
    expect(
      run(new RedundancyController(), 0, 20_000, { ...lossy(0.05), sourceBytes: 4000 }).bytesPerSecondMax,
    ).toBeCloseTo(30_000, -2);
    expect(run(new RedundancyController(), 0, 20_000, { ...lossy(0.05), sourceBytes: 60_000 }).bytesPerSecondMax).toBe(
      32_000,
    );
  });
});

describe("SentDatagrams", () => {
  const feedback = (largest: number, bitmap: number[] = []): FeedbackFrame => ({
    kind: "feedback",
    largest16: largest & 0xffff,
    bitmap: Uint8Array.from(bitmap),
    ackDelayMs: 0,
    queueDelayMs: 0,
    next24: 0,
    symbolBitmap: new Uint8Array(0),
  });

  for (const first of [0, 1, 0x8000, 0xfffe, 0xffff_fffe]) {
    it(`calls a datagram lost once one sent a reordering window later arrived (first number ${first})`, () => {
      const sent = new SentDatagrams(first);
      for (let i = 0; i < 4; i++) sent.add(i * 16).eliciting = true;
      // 0 and 3 arrived; 1 and 2 did not.
      const outcome = sent.onFeedback(feedback(first + 3, [0b100]), 148)!;
      expect(outcome.acknowledged.map((d) => d.sentMs).sort()).toEqual([0, 48]);
      expect(outcome.lost.map((d) => d.sentMs)).toEqual([16, 32]);
      expect(outcome.rttMs).toBe(100);
    });
  }

  it("waits for a datagram of the same instant, then calls it lost by time", () => {
    const sent = new SentDatagrams();
    sent.add(0);
    sent.add(0).eliciting = true;
    expect(sent.onFeedback(feedback(1), 100)!.lost.length).toBe(0);
    const dueMs = sent.lossTimeMs;
    expect(dueMs).toBeGreaterThan(100);
    expect(sent.onTimeout(dueMs).lost.length).toBe(1);
  });

  it("learns the reordering that it sees", () => {
    const sent = new SentDatagrams();
    for (let i = 0; i < 3; i++) sent.add(i * 10).eliciting = true;
    expect(sent.onFeedback(feedback(1, [0]), 60)!.lost.length).toBe(1);
    expect(sent.onFeedback(feedback(2, [0b11]), 75)!.spurious).toBe(1);
    for (let i = 3; i < 5; i++) sent.add(i * 100).eliciting = true;
    expect(sent.onFeedback(feedback(4), 450)!.lost.length).toBe(1);
    sent.add(500).eliciting = true;
    sent.add(510).eliciting = true;
    expect(sent.onFeedback(feedback(6), 560)!.lost.length).toBe(0);
  });

  it("tells what the peer said had not come from what no feedback reached back to", () => {
    const sent = new SentDatagrams();
    for (let i = 0; i < 20; i++) sent.add(i * 20);
    // The bitmap of one byte reaches back over eight of the nineteen; the first feedback, which spoke of the others, was lost.
    const { lost } = sent.onFeedback(feedback(19, [0b1111_1101]), 500)!;
    expect(lost.filter((d) => d.told).map((d) => d.number)).toEqual([17]);
    expect(lost.length).toBe(12);
    // What was not told and came after all was no spurious loss, and widens nothing.
    expect(sent.onFeedback(feedback(19, [0xff, 0xff]), 510)!.spurious).toBe(1);
  });

  it("knows the oldest that waits for an answer, as a list of all that were sent says it", () => {
    for (const seed of seeds(20)) {
      const random = new SeededRandom(seed),
        first = random.int(2) === 0 ? 0xffff_ff80 : 0,
        sent = new SentDatagrams(first),
        records: SentDatagram[] = [];
      for (let step = 0; step < 2000; step++) {
        const nowMs = step * 5,
          record = sent.add(nowMs);
        records.push(record);
        expect(sent.oldestElicitingMs, `seed ${seed}, step ${step}`).toBe(oldestWaiting(records));
        record.eliciting = random.int(3) === 0;
        if (random.int(4) === 0)
          sent.onFeedback(
            feedback(first + records.length - 1 - random.int(Math.min(6, records.length)), [random.int(256)]),
            nowMs,
          );
        if (random.int(500) === 0) sent.abandon();
        expect(sent.oldestElicitingMs, `seed ${seed}, step ${step}`).toBe(oldestWaiting(records));
      }
    }
  });

  /** Records are reused once 512 newer ones were sent. */
  function oldestWaiting(records: readonly SentDatagram[]): number {
    return records.slice(-512).find((record) => record.state === "outstanding" && record.eliciting)?.sentMs ?? Infinity;
  }

  it("refuses feedback on datagrams never sent", () => {
    const sent = new SentDatagrams();
    sent.add(0);
    expect(sent.onFeedback(feedback(1), 10)).toBeUndefined();
  });
});

describe("PathMonitor", () => {
  it("suspends on silence only while something waits for an answer", () => {
    const path = new PathMonitor();
    path.open(0);
    expect(path.silentAtMs(Infinity, 100)).toBe(Infinity);
    expect(path.silentAtMs(1000, 100)).toBe(1300);
    expect(path.silentAtMs(1000, 10)).toBe(1300);
    expect(path.silentAtMs(1000, 10_000)).toBe(2500);
  });

  it("probes a suspended path ever more rarely and resumes on the answer to a probe, not to an older datagram", () => {
    const path = new PathMonitor();
    path.open(0);
    path.suspend(7, 1000);
    const probes: number[] = [];
    for (let nowMs = 1000; nowMs < 5000; nowMs = path.pingAtMs) {
      probes.push(nowMs);
      path.onPing(nowMs);
    }
    expect(probes).toEqual([1000, 1050, 1150, 1350, 1750, 2550, 3550, 4550]);
    expect(path.onAcknowledged(6, 5000)).toBe(false);
    expect(path.onAcknowledged(7, 5000)).toBe(true);
    expect(path.kind).toBe("open");
  });
});

describe("the repair option", () => {
  it("accepts what it documents", () => {
    expect(parseRepair(undefined)).toBe("adaptive");
    expect(parseRepair({ schedule: "generation", groupSize: 16 })).toEqual({ schedule: "generation", groupSize: 16 });
    expect(parseRepair({ schedule: "sliding", codeRate: 0.5 })).toEqual({
      schedule: "sliding",
      codeRate: 0.5,
      depth: 1,
      separate: false,
    });
  });

  it.each([
    ["on", '"repair" expected "adaptive", "off" or { schedule }, got "on"'],
    [{ schedule: "generation", groupSize: 0 }, '"repair.groupSize" expected 2..16, got 0'],
    [{ schedule: "generation", groupSize: 2.5 }, '"repair.groupSize" expected 2..16, got 2.5'],
    [{ schedule: "sliding", codeRate: 0 }, '"repair.codeRate" expected above 0 to 1, got 0'],
    [
      { schedule: "sliding", codeRate: 0.5, rate: 1 },
      '"repair.rate" is not an option; expected "schedule", "codeRate", "depth", "separate"',
    ],
    [{ schedule: "block" }, '"repair.schedule" expected "adaptive", "generation" or "sliding", got "block"'],
  ])("refuses %j by name, expected and got", (option, message) => {
    expect(() => parseRepair(option)).toThrow(message);
  });
});
