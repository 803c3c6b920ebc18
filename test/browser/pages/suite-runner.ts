/**
 * The part of vitest that the channel suite uses, for a page: collects tests, runs them one after the other, and says what
 * failed. In a page's bundle it takes the place of "vitest".
 */

type Run = () => void | Promise<void>;

const tests: { name: string; run: Run }[] = [];
const before: Run[] = [];
const after: Run[] = [];

export function describe(_name: string, define: () => void): void {
  define();
}

export function test(name: string, run: Run): void {
  tests.push({ name, run });
}

export function beforeEach(run: Run): void {
  before.push(run);
}

export function afterEach(run: Run): void {
  after.push(run);
}

/** Runs all tests. @returns the names of those that passed, and what the others said. */
export async function runTests(): Promise<{ passed: string[]; failed: string[] }> {
  const passed: string[] = [],
    failed: string[] = [];
  for (const { name, run } of tests) {
    try {
      for (const hook of before) await hook();
      await run();
      passed.push(name);
    } catch (error) {
      failed.push(`${name}: ${(error as Error).message}`);
    }
    for (const hook of after) await hook();
  }
  return { passed, failed };
}

/** The matchers that the suite uses. */
export function expect(got: any) {
  const check = (holds: boolean, what: string, expected?: unknown): void => {
    if (!holds) throw new Error(`expected ${show(got)} ${what} ${show(expected)}`);
  };
  return {
    toBe: (expected: unknown) => check(Object.is(got, expected), "to be", expected),
    toEqual: (expected: unknown) => check(show(got) === show(expected), "to equal", expected),
    toHaveLength: (length: number) => check(got.length === length, "to have length", length),
    toBeGreaterThanOrEqual: (least: number) => check(got >= least, "to be at least", least),
    toBeLessThanOrEqual: (most: number) => check(got <= most, "to be at most", most),
    toThrow: (type: new () => Error) => check(thrownBy(got) instanceof type, "to throw", type.name),
    not: { toContain: (item: unknown) => check(!got.includes(item), "not to contain", item) },
  };
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

function show(value: unknown): string {
  return typeof value === "function"
    ? "a function"
    : String(JSON.stringify(value instanceof Uint8Array ? [...value] : value));
}
