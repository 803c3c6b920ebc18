// TRANSPORT_MODULE of shared/lab/workload: FecTransport and FecClient over UDP. REPAIR as in FecTransport's option (JSON or a word), RESYNC_AFTER_MS too (ms or false).
import { FecTransport } from "colyseus-fec";
import { FecClient, linkStats } from "colyseus-fec/client";

const { REPAIR = "adaptive", RESYNC_AFTER_MS = "2000" } = process.env;
const repair = REPAIR.startsWith("{") ? JSON.parse(REPAIR) : REPAIR;

export const createServerTransport = () => new FecTransport({ repair, resyncAfterMs: JSON.parse(RESYNC_AFTER_MS) });
export const createClient = url => new FecClient(url, { repair });
export const inputOptions = { mode: "unreliable" };
export { linkStats };
