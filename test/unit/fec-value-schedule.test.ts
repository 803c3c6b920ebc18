/** The schedule by value: on inputs whose answer follows from its definition. */
import { describe, expect, it } from "vitest";
import { ValueSchedule, fragmentRepairsByValue } from "../../plugin/core/fec/index.js";

const value = { lossRatio: 0.05, relossRatio: 0.1, msPerByte: 0.0012 };
const INTERVAL_MS = 1000 / 60;

/** A schedule that holds symbols of these lengths, oldest first. */
function holding(lengths: readonly number[], ordered = true, firstSeq = 0): ValueSchedule {
  const schedule = new ValueSchedule(ordered);
  lengths.forEach((bytes, i) => schedule.add((firstSeq + i) >>> 0, bytes));
  return schedule;
}

describe("ValueSchedule", () => {
  for (const first of [0, 0x7fff_ffff, 0xffff_fffe]) {
    it(`covers the newest symbol at once where a byte is cheap, and one that is too long for its worth later (first number ${first})`, () => {
      // 0.05 x 16.7 ms is worth 694 bytes.
      expect(holding([600], true, first).repairBytes(value, INTERVAL_MS, 10)).toBe(600);
      expect(holding([690], true, first).repairBytes(value, INTERVAL_MS, 10)).toBe(0);
      expect(holding([690, 600], true, first).repairBytes(value, INTERVAL_MS, 10)).toBe(690);
    });
  }

  it("counts the messages that go out with the repair among those that wait", () => {
    expect(holding([690]).repairBytes(value, INTERVAL_MS, 10, 1)).toBe(690);
  });

  it("lets rare loss wait for company: one repair over several symbols", () => {
    const rare = { ...value, lossRatio: 0.005 };
    expect(holding([165]).repairBytes(rare, INTERVAL_MS, 10)).toBe(0);
    expect(holding([165, 165, 165]).repairBytes(rare, INTERVAL_MS, 10)).toBe(165);
  });

  it("sends nothing for what was repaired already, unless it is cheap or losses come in runs", () => {
    const schedule = holding([400]);
    schedule.onRepair(400);
    expect(schedule.repairBytes(value, INTERVAL_MS, 10)).toBe(0);
    expect(schedule.repairBytes({ ...value, relossRatio: 0.7 }, INTERVAL_MS, 10)).toBe(400);
    const short = holding([40]);
    short.onRepair(40);
    expect(short.repairBytes(value, INTERVAL_MS, 10)).toBe(40);
  });

  it("counts a repair only for the symbols that it covers", () => {
    const schedule = holding([500, 100]);
    schedule.onRepair(100);
    expect(schedule.repairBytes(value, INTERVAL_MS, 10)).toBe(500);
  });

  it("covers a symbol that was sent again as if it were new", () => {
    const schedule = holding([400, 10]);
    schedule.onRepair(400);
    schedule.onRepair(400);
    expect(schedule.repairBytes(value, INTERVAL_MS, 10)).toBeLessThan(400);
    schedule.onResent(0);
    expect(schedule.repairBytes(value, INTERVAL_MS, 10)).toBe(400);
  });

  it("gives symbols of the unreliable stream no more worth with age", () => {
    expect(holding([690, 10, 10, 10], true).repairBytes(value, INTERVAL_MS, 10)).toBe(690);
    expect(holding([1200, 10, 10, 10], false).repairBytes(value, INTERVAL_MS, 10)).toBe(10);
  });

  it("forgets what is acknowledged, and the oldest beyond what the encoder holds", () => {
    const schedule = holding([100, 50]);
    schedule.remove(0);
    expect(schedule.repairBytes(value, INTERVAL_MS, 10)).toBe(50);
    schedule.remove(1);
    expect(schedule.repairBytes(value, INTERVAL_MS, 10)).toBe(0);
    expect(holding([1000, ...Array<number>(32).fill(20)]).repairBytes(value, INTERVAL_MS, 10)).toBe(20);
  });
});

describe("fragmentRepairsByValue", () => {
  it("sends as many repairs as losses are worth guarding against", () => {
    // Of six fragments at 5 %, two or more are lost with 3.3 %, three or more with 0.2 %: ten intervals of that are worth 4500 and 310 bytes.
    expect(fragmentRepairsByValue(6, 1200, value, INTERVAL_MS)).toBe(2);
    expect(fragmentRepairsByValue(6, 300, value, INTERVAL_MS)).toBe(3);
    expect(fragmentRepairsByValue(6, 1200, { ...value, lossRatio: 0.001 }, INTERVAL_MS)).toBe(0);
  });

  it("never sends more repairs than fragments", () => {
    expect(fragmentRepairsByValue(3, 1, { ...value, lossRatio: 0.5 }, 1e6)).toBe(3);
  });
});
