import type { Samples } from '../metrics/samples.ts'
import type { Bound } from '../service.ts'

/** A listening server over a data folder, in one process or in several. */
export interface Serving {
  readonly address: Bound
  /** Answers what was accepted, then stops. */
  stop(): Promise<void>
  /** What all of its processes have measured; only where the task says so. */
  measure?(): Promise<Samples>
  /** Ends other processes at once; what they had acknowledged is durable. */
  kill(): void
}
