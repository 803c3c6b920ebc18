/** What a run of a cell yields: the distribution of extra apply delay, and what it cost. */

export interface Distribution {
  mean: number;
  p50: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
}

export interface Result extends Distribution {
  /** Wire bytes downstream over those of the patches' own datagrams, less one. */
  overhead: number;
  /** Wire bytes downstream per patch, headers included. */
  bytesPerPatch: number;
  /** Wire bytes upstream a second: feedback or acknowledgements. */
  upBytesPerSecond: number;
  /** Share of the game's datagrams that the link or its queue dropped. */
  dropped: number;
  /** Datagrams called lost that came after all, per datagram. */
  spurious: number;
  /** Symbols sent again, per patch. */
  retransmitted: number;
  /** Symbols that the reliable path had to bring, per patch. */
  carried: number;
  /** Queueing delay of the game's datagrams at the bottleneck, ms; 0 without one. */
  queueMean: number;
  queueP99: number;
  /** Goodput of the competing flow, kbit/s. */
  crossKbps: number;
  /** What the run took, s of this machine. */
  runS: number;
}

export const EMPTY_RESULT: Result = {
  mean: 0,
  p50: 0,
  p95: 0,
  p99: 0,
  p999: 0,
  max: 0,
  overhead: 0,
  bytesPerPatch: 0,
  upBytesPerSecond: 0,
  dropped: 0,
  spurious: 0,
  retransmitted: 0,
  carried: 0,
  queueMean: 0,
  queueP99: 0,
  crossKbps: 0,
  runS: 0,
};

/** Mean and quantiles (nearest rank above) of samples, which are sorted in place; zeros without any. */
export function distribution(samples: Float64Array): Distribution {
  if (samples.length === 0) return { mean: 0, p50: 0, p95: 0, p99: 0, p999: 0, max: 0 };
  samples.sort();
  const at = (q: number): number => samples[Math.min(samples.length - 1, Math.floor(q * samples.length))]!;
  let sum = 0;
  for (const sample of samples) sum += sample;
  return { mean: sum / samples.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999), max: at(1) };
}
