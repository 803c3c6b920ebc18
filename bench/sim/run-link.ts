/** A cell over the real Link: both ends, virtual clock, seeded netem. */
import { World, expectOrdered } from "../../test/sim/world.js";
import { WARMUP_MS, downLinkOf, linkOf, type Cell, type Scheme } from "./cell.js";
import { GreedyFlow } from "./greedy-flow.js";
import { QueueProbe } from "./queue-probe.js";
import { EMPTY_RESULT, distribution, type Result } from "./statistics.js";
import { Workload, patchBytes, warmupPatches } from "./workload.js";

/** After the last patch, ms: what is lost is brought meanwhile. */
const SETTLE_MS = 60_000;

/** @throws Error if a patch is missing, doubled, out of order or changed. */
export function runLink(cell: Cell, scheme: Scheme & { kind: "link" }): Result {
  const probe = new QueueProbe(cell.rttMs / 2);
  const cross = cell.crossFlow ? new GreedyFlow(cell.rttMs / 2, cell.overheadBytes) : undefined;
  const world: World = new World({
    up: linkOf(cell),
    down: downLinkOf(cell, cell.overheadBytes),
    seed: cell.seed,
    reliableDelayMs: cell.rttMs / 2,
    overheadBytes: cell.overheadBytes,
    link: { repair: scheme.repair },
    crossTraffic: cross,
    ...(cell.rateKbps > 0
      ? {
          onDatagram: (from, datagram) => probe.onSent(from, datagram, world.nowMs),
          onArrival: (to, datagram) => probe.onArrival(to, datagram, world.nowMs),
        }
      : {}),
  });
  const workload = new Workload(cell),
    warmup = warmupPatches(cell),
    totalMs = ((cell.patches + warmup) * 1000) / cell.hz;
  world.openPath();
  const before = { ...world.server.link.stats(world.nowMs).counters };
  let upBytes = 0,
    crossBytes = 0;
  world.play(cell.hz, totalMs, (i) => {
    if (i === warmup) {
      Object.assign(before, world.server.link.stats(world.nowMs).counters);
      upBytes = world.client.wireBytes;
      crossBytes = cross?.receivedBytes ?? 0;
      probe.startMeasuring();
    }
    if (i < warmup + cell.patches) world.server.send(patchBytes(i, workload.nextBytes()));
  });
  cross?.stop();
  const after = world.server.link.stats(world.nowMs).counters,
    upAfter = world.client.wireBytes,
    seconds = (totalMs - WARMUP_MS) / 1000;
  const { offered, delivered, inFlight } = world.server.out.stats;
  const crossKbps = (((cross?.receivedBytes ?? 0) - crossBytes) * 8) / 1000 / seconds;
  world.settle(SETTLE_MS);
  expectOrdered(world.server, world.client);
  const extra = new Float64Array(cell.patches);
  for (let i = 0; i < cell.patches; i++)
    extra[i] = world.client.delivered[i + warmup]!.atMs - world.server.sent[i + warmup]!.atMs - cell.rttMs / 2;
  const wire = after.wireBytesSent - before.wireBytesSent,
    datagrams = after.datagramsSent - before.datagramsSent;
  return {
    ...EMPTY_RESULT,
    ...distribution(extra),
    overhead: wire / (after.sourceBytesSent - before.sourceBytesSent) - 1,
    bytesPerPatch: wire / cell.patches,
    upBytesPerSecond: (upAfter - upBytes) / seconds,
    dropped: 1 - delivered / (offered - inFlight),
    spurious: (after.spuriousLosses - before.spuriousLosses) / datagrams,
    retransmitted: (after.retransmissionsSent - before.retransmissionsSent) / cell.patches,
    carried: (after.rescuesSent - before.rescuesSent) / cell.patches,
    crossKbps,
    ...(cell.rateKbps > 0 ? probe.result() : {}),
  };
}
