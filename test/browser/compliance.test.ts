/** The browser's end of the WebRTC channel against the contract, in Chromium and Firefox: the suite runs in the page. */

import { afterEach, expect, test } from "vitest";
import { addressFor, launchBrowser, servePage, type BrowserName } from "./harness.js";
import { serveChannels } from "./channel-relay.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test.each<BrowserName>(["chromium", "firefox"])(
  "the WebRTC channel of %s keeps the contract of a datagram channel",
  async (name) => {
    const host = addressFor(name);
    const server = await servePage("pages/compliance.ts", host);
    cleanups.push(server.close, await serveChannels(server.http, host));
    const browser = await launchBrowser(name);
    cleanups.push(browser.close);
    const { page, errors } = await browser.open(server.url);
    const { passed, failed } = await page.evaluate(() =>
      (window as unknown as { runTests(): Promise<{ passed: string[]; failed: string[] }> }).runTests(),
    );
    expect(failed).toEqual([]);
    expect(passed).toHaveLength(15);
    expect(errors).toEqual([]);
  },
  180_000,
);
