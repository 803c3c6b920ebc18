/** Plays in the page as a person would, by keys and mouse: wanders, aims around, shoots. For pictures, not for winning. */
import type { Page } from "puppeteer-core";
import { createRandom, type Random, randomIndex } from "../rules/random.js";

const KEYS = ["KeyW", "KeyA", "KeyS", "KeyD"] as const;
/** Between two changes of mind, ms. */
const STEP_MS = 600;

/** Starts at once. @returns stops it, and resolves when every key is up. */
export function keepPlaying(
  page: Page,
  size: { readonly width: number; readonly height: number },
  seed: number,
): () => Promise<void> {
  const random = createRandom(seed);
  let going = true;
  const ended = (async () => {
    await page.mouse.move(size.width / 4, size.height / 2);
    await page.mouse.down();
    for (let held: (typeof KEYS)[number] | undefined; ;) {
      if (held !== undefined) await page.keyboard.up(held);
      if (!going) break;
      held = KEYS[randomIndex(random, KEYS.length)]!;
      await page.keyboard.down(held);
      await page.mouse.move(...somewhere(random, size));
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
    await page.mouse.up();
  })();
  return () => {
    going = false;
    return ended;
  };
}

/** A point of the player's own view: the left part of the window. */
function somewhere(
  random: Random,
  { width, height }: { readonly width: number; readonly height: number },
): [number, number] {
  return [width * (0.05 + 0.25 * random.next()), height * (0.25 + 0.5 * random.next())];
}
