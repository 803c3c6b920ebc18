import { describe, expect, it, vi } from "vitest";
import type { BotResult } from "../../sample-game/bots/bot.js";
import { runCommand } from "../../sample-game/cli/command.js";
import { OptionError, parseDevOptions, parseOptions } from "../../sample-game/cli/options.js";
import { quantile, type Second } from "../../sample-game/cli/second.js";
import { headerLine, judge, secondLine } from "../../sample-game/cli/summary.js";

describe("the command line", () => {
  it("has defaults for everything", () => {
    expect(parseOptions([])).toEqual({
      port: 2567,
      bots: 8,
      patchRateHz: 60,
      seconds: 0,
      seed: 1,
      transport: "fec",
      repair: "adaptive",
      impairment: "congested,seed=1",
      inProcess: false,
    });
    expect(parseOptions(["--help"])).toBe("help");
  });

  it("makes one impairment of a profile and its changes", () => {
    const args = ["--profile", "wifi", "--loss", "0.2", "--delay=50", "--burst-ms", "50", "--seed", "7"];
    expect(parseOptions(args)).toMatchObject({ impairment: "wifi,loss=0.2,delayMs=50,burstMs=50,seed=7", seed: 7 });
  });

  it("reads repair schedules", () => {
    expect(parseOptions(["--repair", "generation:4"])).toMatchObject({
      repair: { schedule: "generation", groupSize: 4 },
    });
    expect(parseOptions(["--repair", "sliding:0.25"])).toMatchObject({
      repair: { schedule: "sliding", codeRate: 0.25 },
    });
  });

  const wrong: [string, RegExp][] = [
    ["--loss 2", /^"--loss" expected 0\.\.1, got 2$/],
    ["--loss -1", /^"--loss" expected 0\.\.1, got -1$/],
    ["--loss", /^"--loss" expected a value, got none$/],
    ["--loss 0.1,delayMs=5", /^"--loss" expected one number, got 0\.1,delayMs=5$/],
    ["--delay x", /^"--delay" expected 0\.\.600000, got "x"$/],
    ["--profile moon", /^"--profile" expected one of clean, .*, got "moon"$/],
    ["--burst-ms 5 --burst-datagrams 2", /^"--burst-ms" expected without --burst-datagrams/],
    ["--bots 1.5", /^"--bots" expected a whole number, 0\.\.80, got 1\.5$/],
    ["--port 70000", /^"--port" expected a whole number, 0\.\.65535, got 70000$/],
    ["--patch-rate 10", /^"--patch-rate" expected a whole number, 20\.\.60, got 10$/],
    ["--repair generation:1", /^"--repair" expected adaptive, off, generation:2\.\.16 or .*, got generation:1$/],
    ["--transport tcp", /^"--transport" expected fec or ws, got tcp$/],
    ["--transport ws --loss 0.1", /^"--transport" expected fec with .*, got ws$/],
    ["--lss 1", /^"--lss" is not an option/],
    ["now", /^expected only options, got "now" \(with npm start, options follow "--": npm start -- --bots 2\)$/],
  ];
  it.each(wrong)("refuses %s and says why", (args, message) => {
    expect(() => parseOptions(args.split(" "))).toThrow(OptionError);
    expect(() => parseOptions(args.split(" "))).toThrow(message);
  });
});

describe("the development server's command line", () => {
  it("is that of npm start, but for the port, which its proxy must know", () => {
    expect(parseDevOptions(["--bots", "2"])).toEqual(parseOptions(["--bots", "2"]));
    expect(parseDevOptions(["--help"])).toBe("help");
    expect(() => parseDevOptions(["--port", "0"])).toThrow(OptionError);
    expect(() => parseDevOptions(["--port", "0"])).toThrow(
      '"--port" expected 1..65535, which the page\'s proxy is told before the arena listens, got 0',
    );
  });
});

describe("a command", () => {
  const run = async (args: string, result: { right: boolean; lines: string[] } | Error) => {
    const [out, wrong] = [vi.spyOn(console, "log").mockReturnValue(), vi.spyOn(console, "error").mockReturnValue()];
    try {
      const play = async () => {
        if (result instanceof Error) throw result;
        return result;
      };
      const code = await runCommand(args.split(" "), { parse: parseOptions, help: "the help", play });
      return { code, out: out.mock.calls.flat(), wrong: wrong.mock.calls.flat() };
    } finally {
      out.mockRestore();
      wrong.mockRestore();
    }
  };

  it("ends with 0 if all was right, 1 if not, 2 for a wrong option, and says why", async () => {
    expect(await run("--bots 2", { right: true, lines: ["all right"] })).toEqual({
      code: 0,
      out: ["all right"],
      wrong: [],
    });
    expect(await run("--bots 2", { right: false, lines: ["one missing"] })).toEqual({
      code: 1,
      out: ["one missing"],
      wrong: [],
    });
    expect(await run("--bots 2", new Error("the port is taken"))).toEqual({
      code: 1,
      out: [],
      wrong: ["the port is taken"],
    });
    expect(await run("--bots x", { right: true, lines: [] })).toMatchObject({
      code: 2,
      out: [],
      wrong: [expect.stringMatching(/^"--bots" expected/)],
    });
    expect(await run("--help", { right: true, lines: [] })).toEqual({ code: 0, out: ["the help"], wrong: [] });
  });
});

describe("the summary", () => {
  it("aligns lines with their header", () => {
    const second: Second = {
      players: 8,
      patches: 480,
      lost: 10,
      recovered: 90,
      retransmitted: 3,
      carried: 0,
      overhead: 0.42,
      delayP50Ms: 2.04,
      delayP99Ms: 61,
      ageP50Ms: 54,
      ageP99Ms: 120,
      rttMs: 104,
      lossRatio: 0.201,
      onUdp: 8,
      onWebSocket: 0,
    };
    expect(secondLine(second, 12)).toHaveLength(headerLine().length);
    expect(secondLine(second, 12)).toContain("udp 8/websocket 0");
  });

  it("takes quantiles, 0 of nothing", () => {
    expect(quantile([], 0.5)).toBe(0);
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([3, 1, 2], 1)).toBe(3);
  });

  const good: BotResult = {
    sessionId: "a",
    feedEntries: 9,
    patches: 100,
    missing: 0,
    doubled: 0,
    outOfOrder: 0,
    finalEqual: true,
    checksCompared: 3,
    checksDifferent: 0,
    ticksBack: 0,
    drops: 0,
    errors: [],
  };
  const chat = { sent: 4, missing: 0, doubled: 0, outOfOrder: 0 };

  it("is right only if nothing at all is wrong", () => {
    expect(judge([good, good], chat).right).toBe(true);
    const faults: Partial<BotResult>[] = [
      { missing: 1 },
      { doubled: 1 },
      { outOfOrder: 1 },
      { finalEqual: false },
      { checksDifferent: 1 },
      { ticksBack: 1 },
      { drops: 1 },
      { errors: ["x"] },
    ];
    for (const fault of faults)
      expect(judge([good, { ...good, ...fault }], chat).right, JSON.stringify(fault)).toBe(false);
    expect(judge([good], { ...chat, missing: 1 }).right).toBe(false);
  });
});
