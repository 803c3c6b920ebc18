// TRANSPORT_MODULE of shared/lab/workload: FecTransport and FecClient over WebRTC. REPAIR as in FecTransport's option (JSON or a word).
import { FecTransport, linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkStats } from "colyseus-fec/client";

const { REPAIR = "adaptive" } = process.env;
const repair = REPAIR.startsWith("{") ? JSON.parse(REPAIR) : REPAIR;

export const createServerTransport = () => new FecTransport({ repair, udp: false, webrtc: {} });
export const createClient = url => new FecClient(url, { repair, channels: ["webrtc"] });
export const inputOptions = { mode: "unreliable" };
export { linkStats, serverLinkStats };
