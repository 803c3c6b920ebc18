/** The plugin's debug channel: `DEBUG=colyseus:fec`. To stdout, like core's. */

import debug from "debug";

export const debugFec: (format: string, ...args: unknown[]) => void = createDebug();

function createDebug() {
  const log = debug("colyseus:fec");
  log.log = console.debug.bind(console);
  return log;
}
