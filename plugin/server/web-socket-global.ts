/** Node 20 has no global WebSocket, and core compares with WebSocket.OPEN when a client reconnects. */

import { WebSocket } from "ws";

// The shapes differ in what core does not use.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;
