import type { Bound } from '../service.ts'

/** A listening server over a data folder, in one process or in several. */
export interface Serving {
  readonly address: Bound
  /** Answers what was accepted, then stops. */
  stop(): Promise<void>
  /** Ends other processes at once; what they had acknowledged is durable. */
  kill(): void
}
