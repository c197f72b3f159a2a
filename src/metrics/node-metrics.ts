/** The instruments of one node, which the composition root hands to whoever counts, and what they show. */
import { type Clock, DAY_MS, SECOND_MS } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import type { Store } from '../domain/store.ts'
import { CATALOG } from './catalog.ts'
import { Counts, Histogram } from './counts.ts'
import { KeyCounts } from './key-counts.ts'
import { watchProcess } from './process-figures.ts'
import { ProxyCounts } from './proxy-counts.ts'
import { RequestCounts } from './request-counts.ts'
import { combined, type Samples } from './samples.ts'
import { createStoreSamples } from './store-samples.ts'

export interface NodeMetricsOptions {
  /** Of the process, among those of this server. */
  readonly node: string
  readonly clock: Clock
  /** Count successes by key, too. */
  readonly byKey: boolean
}

/** What the node says of itself when it is asked. */
export interface NodeFigures {
  readonly audit: { readonly queuedBytes: number; readonly isWritable: boolean; readonly freeBytes: number | undefined }
  readonly server: {
    readonly connections: number
    readonly running: number
    /** Milliseconds since the epoch. */
    readonly certificateEnd: number | undefined
  }
  readonly changeLagMs: number
}

export class NodeMetrics {
  readonly #node: string
  readonly #clock: Clock
  readonly #process: ReturnType<typeof watchProcess>
  readonly #requests = new RequestCounts()
  readonly #authenticationFailures = new Counts()
  readonly #httpRefusals = new Counts()
  readonly #keys: KeyCounts | undefined
  readonly #throttles = new Counts()
  readonly #auditRefusals = new Counts()
  readonly #batchRecords = new Histogram(CATALOG.keyhold_audit_batch_records)
  readonly #syncSeconds = new Histogram(CATALOG.keyhold_audit_sync_seconds)
  readonly #transactions = new Counts()
  readonly #transactionSeconds = new Histogram(CATALOG.keyhold_store_transaction_seconds)
  readonly #jobFailures = new Counts()
  /** Job → seconds since the epoch. */
  readonly #jobSuccesses = new Map<string, number>()
  #figures: (() => NodeFigures) | undefined
  #storeSamples: (() => Promise<Samples>) | undefined

  constructor({ node, clock, byKey }: NodeMetricsOptions) {
    // A counter that is not there at 0 does not rise when it comes, and alarms are raised by a rise.
    for (const outcome of ['committed', 'refused', 'failed']) this.#transactions.add([outcome], 0)
    for (const reason of ['unavailable', 'throttled']) this.#auditRefusals.add([reason], 0)
    this.#node = node
    this.#clock = clock
    this.#process = watchProcess(node)
    this.#keys = byKey ? new KeyCounts() : undefined
    this.proxies = new ProxyCounts(clock)
  }

  /** Of `wire/http-server.ts`. */
  readonly server = {
    answered: this.#requests.answered.bind(this.#requests),
    refused: (reason: string) => {
      const status = /^HTTP (\d+)$/.exec(reason)?.[1]
      if (status === undefined) this.#authenticationFailures.add([reason])
      else this.#httpRefusals.add([status])
    },
  }

  /** Of `audit/audit-log.ts`. */
  readonly audit = {
    written: (records: number, ms: number) => {
      this.#batchRecords.observe(records)
      this.#syncSeconds.observe(ms / SECOND_MS)
    },
    refused: (reason: string, records: number) => this.#auditRefusals.add([reason], records),
  }

  /** Of external key stores. */
  readonly proxies: ProxyCounts

  readonly throttled = ({ storeId }: { readonly storeId: string }, operation: string): void => {
    this.#throttles.add([storeId, operation, operation === 'GenerateRandom' ? 'None' : 'SYMMETRIC_DEFAULT'])
  }

  readonly jobEnded = (job: string, isDone: boolean): void => {
    if (isDone) this.#jobSuccesses.set(job, this.#clock.now() / SECOND_MS)
    this.#jobFailures.add([job], isDone ? 0 : 1)
  }

  /** `undefined`: nobody wants to know. */
  get keyUsed(): ((arn: string, operation: string) => void) | undefined {
    const keys = this.#keys
    return keys && ((arn, operation) => keys.succeeded(arn, operation))
  }

  /** The same store; its changes are counted from now on. */
  measured(store: Store): Store {
    this.#storeSamples = createStoreSamples(store, this.#clock)
    return { ...store, change: (work) => this.#transaction(() => store.change(work)) }
  }

  async #transaction<T>(change: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    try {
      const result = await change()
      this.#transactions.add(['committed'])
      return result
    } catch (error) {
      this.#transactions.add([error instanceof KmsError ? 'refused' : 'failed'])
      throw error
    } finally {
      this.#transactionSeconds.observe((performance.now() - startedAt) / SECOND_MS)
    }
  }

  /** The node is complete. */
  shows(figures: () => NodeFigures): void {
    this.#figures = figures
  }

  /** Of this process. */
  samples(): Samples {
    return combined([this.#counted(), this.#shown(), this.#process.samples()])
  }

  /** Of the store, which is the same for all processes: one of a server is asked. */
  async storeSamples(): Promise<Samples> {
    return (await this.#storeSamples?.()) ?? {}
  }

  stop(): void {
    this.#process.stop()
  }

  #counted(): Samples {
    return {
      ...this.#requests.samples(),
      ...this.proxies.samples(),
      kms_authentication_failures_total: this.#authenticationFailures.samples(),
      kms_successful_requests_total: this.#keys?.samples() ?? [],
      kms_custom_key_store_throttles_total: this.#throttles.samples(),
      keyhold_http_refusals_total: this.#httpRefusals.samples(),
      keyhold_audit_batch_records: [{ labels: [], value: this.#batchRecords.value() }],
      keyhold_audit_sync_seconds: [{ labels: [], value: this.#syncSeconds.value() }],
      keyhold_audit_refusals_total: this.#auditRefusals.samples(),
      keyhold_store_transactions_total: this.#transactions.samples(),
      keyhold_store_transaction_seconds: [{ labels: [], value: this.#transactionSeconds.value() }],
      keyhold_job_failures_total: this.#jobFailures.samples(),
      keyhold_job_last_success_timestamp_seconds: [...this.#jobSuccesses].map(([job, value]) => ({
        labels: [job],
        value,
      })),
    }
  }

  #shown(): Samples {
    if (this.#figures === undefined) return {}
    const { audit, server, changeLagMs } = this.#figures()
    const labels = [this.#node]
    const { certificateEnd: end } = server
    const daysLeft = end === undefined ? [] : [{ labels: [], value: (end - this.#clock.now()) / DAY_MS }]
    return {
      keyhold_connections: [{ labels, value: server.connections }],
      keyhold_requests_in_flight: [{ labels, value: server.running }],
      keyhold_tls_certificate_days_to_expire: daysLeft,
      keyhold_audit_queue_bytes: [{ labels, value: audit.queuedBytes }],
      keyhold_audit_writable: [{ labels, value: audit.isWritable ? 1 : 0 }],
      keyhold_audit_free_bytes: audit.freeBytes === undefined ? [] : [{ labels: [], value: audit.freeBytes }],
      keyhold_change_lag_seconds: [{ labels, value: changeLagMs / SECOND_MS }],
    }
  }
}
