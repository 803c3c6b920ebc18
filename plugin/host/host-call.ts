/** How the channels' driver treats errors in handlers of the host: they are the host's, and break nothing here. */

/** Runs code of the host; an error there is thrown again later. */
export function callHost(run: () => void): void {
  try {
    run();
  } catch (error) {
    rethrowLater(error);
  }
}

/** A callback that throws nothing, for a caller that would not survive it; an error is thrown again later. */
export function guarded<Given = void>(run: (given: Given) => void): (given: Given) => void {
  return (given) => {
    try {
      run(given);
    } catch (error) {
      rethrowLater(error);
    }
  };
}

/** Throws from a microtask: to the host's uncaught-error handling, as an error in an event handler goes. */
export function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
