/**
 * WebSocket close codes that a session ends with: those of RFC 6455 section 7.4.1, and Colyseus's own where they say
 * more.
 */

/** The peer broke the protocol. */
export const PROTOCOL_ERROR = 1002;

/** The peer broke a rule of this end's, such as a bound on how much it may send. */
export const POLICY_VIOLATION = 1008;

/** A record or a message was too long. */
export const MESSAGE_TOO_BIG = 1009;

/** Colyseus's MAY_TRY_RECONNECT: the SDK comes back, with a new link. */
export const MAY_TRY_RECONNECT = 4010;
