/**
 * What the split view shows in Chromium at 5 % loss and a round trip of 100 ms: how much later than the fastest tenth of the
 * patches the slowest hundredth is, with repair and without. Prints every figure that it read, and whether anything held up the page or
 * the server meanwhile: such pauses make both late alike.
 */
import type { Page } from "puppeteer-core";
import { expect, it } from "vitest";
import type { PageChecks } from "../../sample-game/web/page-checks.js";
import { until } from "../integration/harness.js";
import { joinArena, openPanel, pathBadge, PATIENCE_MS, TIMEOUT_MS, useArena } from "./arena-browser.js";

const NETWORK = "clean,loss=0.05,delayMs=50,seed=11";
const BOTS = 7;
/** The figures are of the last ten seconds: so long between two looks, ms. */
const LOOK_MS = 10_000;
/** Looks that are judged: those with the shortest pauses. And looks at most, while so many have not been quiet. */
const JUDGED_LOOKS = 3;
const LOOKS_MAX = 6;
/** A timer that is this late tells of a pause, ms. */
const PAUSE_MS = 60;
const TIMER_MS = 15;
/** A plot of a full minute costs a machine without a GPU some 10 ms: so often all of them together may be drawn, a second. */
const PLOT_DRAWINGS_MAX = 12;
const SIZE = { width: 760, height: 360 };

/** Notes the longest pause of the page's thread since it was last asked, and counts the drawings of plots: each clears its canvas. */
const WATCH = `{
  const { clearRect } = CanvasRenderingContext2D.prototype;
  window.plotDrawings = 0;
  CanvasRenderingContext2D.prototype.clearRect = function (...place) {
    if (this.canvas.closest(".net-plots") !== null) window.plotDrawings += 1;
    return clearRect.apply(this, place);
  };
  let last = performance.now();
  window.longestPauseMs = 0;
  setInterval(() => {
    const now = performance.now();
    window.longestPauseMs = Math.max(window.longestPauseMs, now - last - ${TIMER_MS});
    last = now;
  }, ${TIMER_MS});
}`;

interface Look {
  /** As the labels of the split view show it, ms. */
  readonly withMs: number;
  readonly withoutMs: number;
  /** Of the page or the server, since the look before, ms. */
  readonly pauseMs: number;
}

/** On the page. */
declare const arenaPage: PageChecks;

const arena = useArena();

/** As WATCH, of this process: the server's. @returns ends it, with the longest pause so far. */
function watchPauses(): () => number {
  let lastMs = performance.now();
  let longestMs = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - TIMER_MS);
    lastMs = nowMs;
  }, TIMER_MS);
  return () => {
    clearInterval(timer);
    return longestMs;
  };
}

/** What a label of the split view shows, ms. */
async function added(page: Page, kind: "with" | "without"): Promise<number> {
  const text = await page.$eval(`.net-pane-${kind} .net-pane-added`, ({ textContent }) => textContent ?? "");
  return Number(/^\+(\d+) ms$/.exec(text)?.[1]);
}

/** Waits until the figures are of nothing but what comes from now on, and reads them. */
async function look(page: Page): Promise<Look> {
  await page.evaluate("window.longestPauseMs = 0");
  const pausesEnd = watchPauses();
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const [withMs, withoutMs] = [await added(page, "with"), await added(page, "without")];
  return {
    withMs,
    withoutMs,
    pauseMs: Math.max(pausesEnd(), (await page.evaluate("window.longestPauseMs")) as number),
  };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const isQuiet = ({ pauseMs }: Look): boolean => pauseMs < PAUSE_MS;

it(
  "the split view shows what repair is worth at 5 % loss and RTT 100 ms",
  async () => {
    await arena.start({ bots: BOTS, netem: NETWORK, seed: 11 });
    const { page } = await arena.open("chromium", { size: SIZE, before: WATCH });
    await joinArena(page, "Ada");
    await openPanel(page);
    await until("WebRTC", async () => (await pathBadge(page)) === "WebRTC", PATIENCE_MS);
    await page.focus("#net-compare");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".net-pane-without", { timeout: PATIENCE_MS });
    // Both connections open, and the loss known.
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS / 2));
    const looks: Look[] = [];
    await page.evaluate("window.plotDrawings = 0");
    const startMs = performance.now();
    while (looks.length < LOOKS_MAX && looks.filter(isQuiet).length < JUDGED_LOOKS) looks.push(await look(page));

    const drawings = ((await page.evaluate("window.plotDrawings")) as number) / ((performance.now() - startMs) / 1000);
    const judged = [...looks].sort((a, b) => a.pauseMs - b.pauseMs).slice(0, JUDGED_LOOKS);
    const quiet = judged.every(isQuiet);
    const withMs = median(judged.map((one) => one.withMs));
    const withoutMs = median(judged.map((one) => one.withoutMs));
    console.log(
      `added at p99, with / without repair, ms (longest pause): ${looks.map((one) => `${one.withMs} / ${one.withoutMs} (${one.pauseMs.toFixed(0)})`).join(", ")}; ` +
        `medians of the ${judged.length} ${quiet ? "quiet" : "quietest, none of a quiet machine,"} ${withMs} / ${withoutMs}, ratio ${(withMs / withoutMs).toFixed(2)}; ${drawings.toFixed(1)} plots drawn a second`,
    );
    // A lost patch costs a round trip without repair.
    expect(withoutMs).toBeGreaterThan(90);
    expect(drawings).toBeGreaterThan(0);
    expect(drawings).toBeLessThan(PLOT_DRAWINGS_MAX);
    const { symbols } = await page.evaluate(() => arenaPage.linkStats());
    expect(symbols.recovered).toBeGreaterThan(0);
    // A pause delays both alike, and looks like a queue, which repair gives way to: a machine that is never quiet compares nothing.
    if (!quiet) return;
    expect(withMs).toBeLessThan(withoutMs / 2);
    expect(symbols.recovered).toBeGreaterThan(2 * (symbols.retransmitted + symbols.lost));
  },
  TIMEOUT_MS,
);
