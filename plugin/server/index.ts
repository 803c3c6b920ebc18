/**
 * `colyseus-fec`: the server side. Importing it gives Node 20 a global WebSocket (from `ws`), which core's reconnection
 * needs.
 */

import "./web-socket-global.js";

export { FecTransport, type UdpStats, type WebRtcStats } from "./fec-transport.js";
export type { FecTransportOptions, UdpOptions, WebRtcOptions } from "./options.js";
export { linkControl, linkStats, type ClientLinkStats, type LinkControl } from "./link-access.js";
export type { BacklogState, LinkBehindReport } from "./backlog-monitor.js";
export { OnLinkBehindException, type LinkAwareRoom } from "./link-aware-room.js";
