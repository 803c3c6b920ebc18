/** The hostile client of bench:hostile, in a process of its own: joins as told by the first message, tells that it is there, attacks from the second on until it is ended. */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { seqAdd, type Seq } from "../../plugin/core/index.js";
import { attackBy, messageFrames } from "./attacks.js";
import type { Order } from "./protocol.js";
import { joinRaw, type RawSession } from "./raw-session.js";

/** Longest attack, ms, should nobody end it. */
const ATTACK_MS = 15_000;
/** Longest wait for it. */
const LIFE_MS = 60_000;

/** Datagrams sent in one turn at most: what a late timer missed beyond is left out. */
const BURST_MAX = 200;

let session: RawSession | undefined;
let order: Order;

process.on("disconnect", () => process.exit());
setTimeout(() => process.exit(1), LIFE_MS).unref();
process.on("message", (message: Order | "go") => {
  if (message === "go") attack();
  else
    void joinRaw((order = message).port, order.way).then((joined) => {
      session = joined;
      process.send!({ bench: "joined" });
    });
});

function attack(): void {
  setTimeout(() => process.exit(), ATTACK_MS).unref();
  if (order.attack === "nothing") return;
  if (order.way === "plain" || order.way === "websocket") flood(session!.socket, order.way === "plain" ? undefined : 1);
  else pace(attackBy(session!, order), order.rate);
}

/** A timer that is late makes up for it. */
function pace(send: () => void, perSecond: number): void {
  let atMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    for (let i = 0; atMs < nowMs && i < BURST_MAX; i++, atMs += 1000 / perSecond) send();
    atMs = Math.max(atMs, nowMs - 100);
  }, 1);
}

/** As much as TCP takes. */
function flood(webSocket: WebSocket, first: Seq | undefined): void {
  const socket = (webSocket as unknown as { _socket: Socket })._socket;
  let next = first;
  const fill = (): void => {
    for (let more = true; more && !socket.destroyed;) {
      const { bytes, messages } = messageFrames(order.attack, next);
      if (next !== undefined) next = seqAdd(next, messages);
      more = socket.write(bytes);
    }
  };
  socket.on("drain", fill);
  fill();
}
