/**
 * The repair code: encoder, decoder, and the schedules that drive them. The field and its kernels are here for
 * benchmarks and tests.
 */

export { CAUCHY_ROW_MAX, XOR_ROW, coefficient } from "./coefficients.js";
export { div, inv, mul } from "./field.js";
export { GenerationSchedule, type RepairDemand } from "./generation-schedule.js";
export { mulAddInto, scaleInPlace, xorInto } from "./kernels.js";
export {
  RepairDecoder,
  type RepairDecoderOptions,
  type RepairFate,
  type RepairFields,
  type SourceFate,
} from "./repair-decoder.js";
export { RepairEncoder, type RowKind } from "./repair-encoder.js";
export { HOST_KERNEL, kernelFor } from "./simd-kernel.js";
export { PURE_KERNEL, type SymbolKernel } from "./symbol-kernel.js";
export { SlidingSchedule, fragmentRepairs } from "./sliding-schedule.js";
export { ValueSchedule, fragmentRepairsByValue } from "./value-schedule.js";
