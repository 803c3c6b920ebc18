/**
 * The child process of RemoteSquad: a LocalSquad that is asked over IPC. Ends when its parent does.
 */
import type { SquadReply, SquadRequest } from "./remote-squad.js";
import { LocalSquad } from "./squad.js";

const squad = new LocalSquad();

process.on("message", (request: SquadRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches every process of the terminal; the parent decides when this one ends.
process.on("SIGINT", () => undefined);

async function answer({ id, method, argument }: SquadRequest): Promise<SquadReply> {
  try {
    return { id, value: await (squad[method] as (argument: unknown) => Promise<unknown>).call(squad, argument) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
