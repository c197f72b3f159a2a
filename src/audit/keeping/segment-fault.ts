/** A segment that stays as it is although it is time, because it is not as it was written: for the operator to look at. */
export interface SegmentFault {
  readonly path: string
  readonly problem: string
}
