/** What repair is worth on a path: what the controller decides and the schedule by value obeys. */

export interface RepairValue {
  /** Probability that a symbol is missing at the peer, 0..0.5. */
  lossRatio: number;
  /**
   * Probability that a repair does not mend a missing symbol that it covers, being lost as well or needed for another
   * loss; 0..1.
   */
  relossRatio: number;
  /** Price of one byte on the wire: the delay of one message that it must save on average, ms. */
  msPerByte: number;
}
