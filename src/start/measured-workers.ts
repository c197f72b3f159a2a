/** What all processes of a server with several workers have measured, in the primary process. */
import { watchProcess } from '../metrics/process-figures.ts'
import { combined, type Samples } from '../metrics/samples.ts'
import { serverSamples } from './metrics.ts'
import { WorkerMeter } from './worker-meter.ts'

export class MeasuredWorkers {
  readonly #meters: WorkerMeter[] = []
  readonly #primary = watchProcess('primary')
  #restarts = 0
  /** Was asked of the store last, and did not answer: another is asked. */
  #silent: WorkerMeter | undefined

  /** For the place of one more worker. */
  addMeter(): WorkerMeter {
    const meter = new WorkerMeter()
    this.#meters.push(meter)
    return meter
  }

  workerDied(): void {
    this.#restarts++
  }

  async measure(): Promise<Samples> {
    const alive = this.#meters.filter((meter) => meter.isAlive)
    const ofStore = alive.find((meter) => meter !== this.#silent) ?? this.#silent
    const answers = await Promise.all(alive.map((meter) => meter.ask(meter === ofStore)))
    this.#silent = answers[alive.indexOf(ofStore!)]?.isHeard === false ? ofStore : undefined
    const heard = answers.filter(({ isHeard }) => isHeard).length
    return combined([
      ...this.#meters.map(({ samples }) => samples),
      ...answers.map(({ store = {} }) => store),
      this.#primary.samples(),
      serverSamples(alive.length, this.#restarts, alive.length - heard),
    ])
  }

  stop(): void {
    this.#primary.stop()
  }
}
