import type { Samples } from '../metrics/samples.ts'
import type { Bound } from '../service.ts'

/** A listening server over a data folder, in one process or in several. */
export interface Serving {
  readonly address: Bound
  /** Answers what was accepted, then stops. */
  stop(): Promise<void>
  /** What all of its processes have measured; only where the task says so. */
  measure?(): Promise<Samples>
  /** The secret of this root key is among those of the task now: its processes are told. */
  unsealed?(rootKeyId: string): void
  /** Ends other processes at once; what they had acknowledged is durable. */
  kill(): void
}
