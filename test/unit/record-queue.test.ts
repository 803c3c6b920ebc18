import { expect, test } from "vitest";
import { RecordQueue } from "../../plugin/core/send/record-queue.js";

test("records are taken in the order in which they were put, however many wait meanwhile", () => {
  const queue = new RecordQueue();
  const numberOf = (record: Uint8Array | undefined): number | undefined =>
    record && new DataView(record.buffer).getUint32(0);
  let put = 0,
    taken = 0;
  const move = (puts: number, takes: number): void => {
    for (let i = 0; i < puts; i++) {
      const record = new Uint8Array(4);
      new DataView(record.buffer).setUint32(0, put++);
      queue.push(record);
    }
    for (let i = 0; i < takes; i++) expect(numberOf(queue.shift())).toBe(taken < put ? taken++ : undefined);
  };
  for (const [puts, takes] of [
    [0, 1],
    [3, 2],
    [1, 3],
    [5000, 1],
    [0, 4000],
    [3000, 1023],
    [1, 1],
    [2000, 2000],
    [0, 5000],
    [1, 1],
  ] as const)
    move(puts, takes);
  expect(taken).toBe(put);
});
