/** Counts on the warm path: one look-up by identity, two additions and one bucket for each request. */
import { CATALOG } from './catalog.ts'
import { Histogram } from './counts.ts'
import type { Sample, Samples } from './samples.ts'

export interface NamedOperation {
  readonly name: string
  readonly service?: string | undefined
}

/** Of requests that named none that there is. */
const UNKNOWN: NamedOperation = { name: 'unknown', service: 'unknown' }

class OperationCounts {
  succeeded = 0
  /** What operators alarm on is there before it happens: they are told of a rise. */
  readonly failed = new Map<string, number>([['KMSInternalException', 0]])
  readonly seconds = new Histogram(CATALOG.kms_request_duration_seconds)
}

export class RequestCounts {
  readonly #operations = new Map<NamedOperation, OperationCounts>()

  /**
   * @param operation as it is declared, always the same object; `undefined`: there is none of the name.
   * @param exceptionName `undefined` for success; one of those that this program has.
   */
  answered(operation: NamedOperation | undefined, exceptionName: string | undefined, ms: number): void {
    const named = operation ?? UNKNOWN
    let counts = this.#operations.get(named)
    if (counts === undefined) {
      counts = new OperationCounts()
      this.#operations.set(named, counts)
    }
    if (exceptionName === undefined) counts.succeeded++
    else counts.failed.set(exceptionName, (counts.failed.get(exceptionName) ?? 0) + 1)
    counts.seconds.observe(ms / 1000)
  }

  samples(): Samples {
    const requests: Sample[] = []
    const durations: Sample[] = []
    for (const [{ service = 'kms', name }, { succeeded, failed, seconds }] of this.#operations) {
      if (succeeded > 0) requests.push({ labels: [service, name, 'None'], value: succeeded })
      for (const [code, count] of failed) requests.push({ labels: [service, name, code], value: count })
      durations.push({ labels: [service, name], value: seconds.value() })
    }
    return { kms_requests_total: requests, kms_request_duration_seconds: durations }
  }
}
