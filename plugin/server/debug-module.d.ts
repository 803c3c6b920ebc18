/** The part of the `debug` package that is used here; it ships no types. */
declare module "debug" {
  interface Debugger {
    (format: string, ...args: unknown[]): void;
    log: (...args: unknown[]) => void;
    readonly enabled: boolean;
  }
  export default function debug(namespace: string): Debugger;
}
