/** SuccessfulRequest by key. Keys are without number, and series are not: those of keys beyond a limit share one. */
import { METRICS_KEYS_MAX } from '../base/limits.ts'
import type { Sample } from './samples.ts'

const OTHERS = 'other'

export class KeyCounts {
  readonly #keysMax: number
  /** ARN of a key → operation → how often. */
  readonly #keys = new Map<string, Map<string, number>>()

  constructor(keysMax: number = METRICS_KEYS_MAX) {
    this.#keysMax = keysMax
  }

  succeeded(keyArn: string, operation: string): void {
    const operations = this.#keys.get(keyArn) ?? this.#added(keyArn)
    operations.set(operation, (operations.get(operation) ?? 0) + 1)
  }

  #added(keyArn: string): Map<string, number> {
    const name = this.#keys.size < this.#keysMax ? keyArn : OTHERS
    const operations = this.#keys.get(name) ?? new Map<string, number>()
    this.#keys.set(name, operations)
    return operations
  }

  samples(): readonly Sample[] {
    return [...this.#keys].flatMap(([arn, operations]) =>
      [...operations].map(([operation, value]) => ({ labels: [arn, operation], value })),
    )
  }
}
