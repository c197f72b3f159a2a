/** What the processes in the place of one worker have measured, asked for by message. */
import type { Worker } from 'node:cluster'
import { METRICS_PROCESS_TIMEOUT_MS } from '../base/limits.ts'
import { type Samples, SucceedingProcesses } from '../metrics/samples.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

export class WorkerMeter {
  readonly #processes = new SucceedingProcesses()
  #worker: Worker | undefined
  #round = 0
  /** Ends the question under way. */
  #answered: ((store: Samples | undefined) => void) | undefined
  #gone: (() => void) | undefined

  /** From now on it is this process that is asked. */
  follow(worker: Worker): void {
    this.#worker = worker
    worker.on('message', (message: FromWorker) => {
      if (message.kind !== 'measured' || worker !== this.#worker) return
      this.#processes.heard(message.own)
      if (message.round === this.#round) this.#answered?.(message.store)
    })
    worker.once('exit', () => {
      if (worker !== this.#worker) return
      this.#worker = undefined
      this.#processes.ended()
      this.#gone?.()
    })
  }

  get isAlive(): boolean {
    return this.#worker?.isConnected() === true
  }

  /** What is known by now, whoever answers. */
  get samples(): Samples {
    return this.#processes.samples
  }

  /** @returns whether it answered in time, and what it says of the store. */
  async ask(withStore: boolean): Promise<{ readonly isHeard: boolean; readonly store?: Samples | undefined }> {
    const worker = this.#worker
    if (worker === undefined || !this.isAlive) return { isHeard: false }
    const round = ++this.#round
    const question: ToWorker = { kind: 'measure', round, withStore }
    let timer: NodeJS.Timeout | undefined
    const store = await new Promise<Samples | undefined | 'unheard'>((resolve) => {
      this.#answered = resolve
      this.#gone = () => resolve('unheard')
      timer = setTimeout(this.#gone, METRICS_PROCESS_TIMEOUT_MS)
      worker.send(question, undefined, () => {})
    })
    clearTimeout(timer)
    return store === 'unheard' ? { isHeard: false } : { isHeard: true, store }
  }
}
