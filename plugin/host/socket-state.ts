/** States of a WebSocket (WHATWG WebSockets, readyState), for who has no socket's class at hand. */

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
