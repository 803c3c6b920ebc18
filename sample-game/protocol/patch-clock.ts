/**
 * The time stamp of patches: the low 16 bits of the wall clock in ms, three bytes in a patch.
 * Good for ages below a minute between processes of one machine, or of machines whose clocks agree.
 */

const RANGE_MS = 65536;

/** Wall clock of this process, ms; monotonic, unlike Date.now(). */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

/** What a patch encoded now carries. */
export function patchStamp(nowMs: number): number {
  return Math.floor(nowMs) % RANGE_MS;
}

/** Age of a patch with this stamp, ms, 0..RANGE_MS. Clocks that disagree by a little must not read as a minute. */
export function patchAgeMs(stamp: number, nowMs: number): number {
  const age = (((nowMs - stamp) % RANGE_MS) + RANGE_MS) % RANGE_MS;
  return age > RANGE_MS / 2 ? 0 : age;
}
