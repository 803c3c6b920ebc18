/** What statistics say of a session that has no link: zeros, made once, since games read them every frame. */

import { Link } from "../core/link.js";
import type { LinkStats } from "../core/stats.js";

let zeros: LinkStats | undefined;

/** A snapshot of zeros; frozen, and always the same. */
export function noLinkStats(): LinkStats {
  return (zeros ??= deepFreeze(new Link().stats(0)));
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const member of Object.values(value)) if (typeof member === "object" && member !== null) deepFreeze(member);
  return Object.freeze(value);
}
