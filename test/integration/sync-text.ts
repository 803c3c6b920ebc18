/** The state of the sync room as text, so that two of them can be compared; also in a browser. */

interface Body {
  readonly x: number;
  readonly y: number;
  readonly hits: number;
}

interface State {
  readonly tick: number;
  readonly bodies: { keys(): Iterable<string>; get(key: string): Body | undefined };
  readonly trail: Iterable<number>;
}

export function textOf({ tick, bodies, trail }: State): string {
  const keys = [...bodies.keys()].sort();
  return JSON.stringify([
    tick,
    keys.map((key) => [key, bodies.get(key)!.x, bodies.get(key)!.y, bodies.get(key)!.hits]),
    [...trail],
  ]);
}
