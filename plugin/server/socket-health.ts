/**
 * What ws-transport's ping interval needs of a socket, and a handler without which one client's error would end the
 * process. A client that is heard lives, though TCP holds its pongs back: where it loses much, it backs off for longer
 * than ws-transport waits, and datagrams carry the game meanwhile.
 */

import { debugAndPrintError } from "@colyseus/core";
import type { WebSocket } from "ws";
import type { Clock } from "../host/clock.js";
import { PONG_OVERDUE_MS_MAX } from "./limits.js";

/** A socket as ws-transport keeps it. */
export type PingedWebSocket = WebSocket & { pingCount: number };

/** Call what it returns whenever the client is heard. */
export function watchHealth(socket: PingedWebSocket, clock: Clock): () => void {
  let pongMs = clock.now();
  socket.on("error", (error) => debugAndPrintError(`${error.message}\n${error.stack}`));
  socket.on("pong", () => {
    pongMs = clock.now();
    socket.pingCount = 0;
  });
  socket.pingCount = 0;
  return () => {
    if (socket.pingCount > 0 && clock.now() - pongMs < PONG_OVERDUE_MS_MAX) socket.pingCount = 0;
  };
}
