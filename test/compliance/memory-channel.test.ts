/** The memory channel against the contract, alone and impaired. */

import { impairChannel } from "../../plugin/channels/impaired/impaired-channel.js";
import { createMemoryChannelPair } from "../../plugin/channels/memory-channel.js";
import { describeChannel } from "./channel-suite.js";

describeChannel("the memory channel", async () => {
  const [a, b] = createMemoryChannelPair();
  return { a, b, close: () => {} };
});

describeChannel("the memory channel under loss, delay, reordering, copies and damage", async () => {
  const [a, b] = createMemoryChannelPair();
  const impairment = { loss: 0.3, delayMs: 3, jitterMs: 5, reorder: true, duplicate: 0.1, corrupt: 0.2, seed: 7 };
  return { a: impairChannel(a, impairment), b, close: () => {} };
});
