/**
 * Views of the front of one buffer, by their length: a view made for every datagram is 100 bytes of garbage, so the
 * last one of each length is kept. What is seen changes with the buffer; who may keep a view how long is for the
 * buffer's owner to say.
 */
import { FRONT_VIEWS_MAX } from "./limits.js";

export class FrontViews {
  readonly #views: (Uint8Array | undefined)[];

  /** @param viewsMax views that are kept at most. */
  constructor(
    private readonly bytes: Uint8Array,
    viewsMax = FRONT_VIEWS_MAX,
  ) {
    this.#views = new Array<Uint8Array | undefined>(viewsMax).fill(undefined);
  }

  /**
   * The first `length` bytes. The same view as last time, unless one of another length took its place: lengths viewsMax
   * apart share one.
   */
  of(length: number): Uint8Array {
    const slot = length % this.#views.length,
      kept = this.#views[slot];
    if (kept !== undefined && kept.length === length) return kept;
    const view = this.bytes.subarray(0, length);
    this.#views[slot] = view;
    return view;
  }
}
