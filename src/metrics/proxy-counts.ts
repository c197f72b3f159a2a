/** What is heard from proxies of external key stores (lifecycle.md 10.3, keystores.md 5.4 and XC-11). */
import { type Clock, DAY_MS } from '../base/clock.ts'
import { XKS_HEALTH_INTERVAL_MS } from '../base/limits.ts'
import type { ProxyCall, ProxyObserver } from '../domain/key-stores/xks/observed-proxy.ts'
import type { ManagerState } from '../domain/key-stores/xks/proxy-answers.ts'
import { exceptionNameOf, isRetryable, type ProxyFailure } from '../domain/key-stores/xks/proxy-failure.ts'
import { Counts, Histograms } from './counts.ts'
import type { Sample, Samples } from './samples.ts'

/** A proxy that nobody has heard of since is not asked any more: its store was disconnected. */
const HEARD_WITHIN_MS = 2.5 * XKS_HEALTH_INTERVAL_MS

const STATE_NAMES = Object.freeze({ ACTIVE: 'Active', DEGRADED: 'Degraded', UNAVAILABLE: 'Unavailable' })

interface Heard<T> {
  readonly at: number
  readonly fact: T
}

export class ProxyCounts implements ProxyObserver {
  readonly #clock: Clock
  readonly #calls = new Counts()
  readonly #seconds = new Histograms('kms_xks_proxy_latency_seconds')
  /** By the id of the store. */
  readonly #managers = new Map<string, Heard<readonly ManagerState[]>>()
  readonly #certificates = new Map<string, Heard<{ readonly name: string; readonly endsAt: number }>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  answered({ storeId, kmsOperation, xksOperation, keySpec }: ProxyCall, failure: ProxyFailure | undefined, ms: number) {
    const labels = [storeId, kmsOperation, xksOperation, keySpec]
    const outcome =
      failure === undefined
        ? ['N/A', 'None']
        : [isRetryable(failure) ? 'retryable' : 'non-retryable', exceptionNameOf(failure)]
    this.#calls.add([...labels, ...outcome])
    this.#seconds.observe(labels, ms / 1000)
  }

  managers(storeId: string, fact: readonly ManagerState[]): void {
    this.#managers.set(storeId, { at: this.#clock.now(), fact })
  }

  certificate(storeId: string, name: string, timeLeftMs: number): void {
    const at = this.#clock.now()
    this.#certificates.set(storeId, { at, fact: { name, endsAt: at + timeLeftMs } })
  }

  samples(): Samples {
    const now = this.#clock.now()
    return {
      kms_xks_proxy_calls_total: this.#calls.samples(),
      kms_xks_proxy_latency_seconds: this.#seconds.samples(),
      kms_xks_external_key_manager_states: recent(this.#managers, now).flatMap(([storeId, states]) =>
        statesOf(storeId, states),
      ),
      kms_xks_proxy_certificate_days_to_expire: recent(this.#certificates, now).map(([storeId, { name, endsAt }]) => ({
        labels: [storeId, name],
        value: (endsAt - now) / DAY_MS,
      })),
    }
  }
}

/** Forgets the others. */
function recent<T>(heard: Map<string, Heard<T>>, now: number): readonly (readonly [string, T])[] {
  for (const [storeId, { at }] of heard) if (Math.abs(now - at) > HEARD_WITHIN_MS) heard.delete(storeId)
  return [...heard].map(([storeId, { fact }]) => [storeId, fact])
}

/** All three, so that one that there is none of any more goes to 0. */
function statesOf(storeId: string, states: readonly ManagerState[]): readonly Sample[] {
  return (Object.keys(STATE_NAMES) as ManagerState[]).map((state) => ({
    labels: [storeId, STATE_NAMES[state]],
    value: states.filter((one) => one === state).length,
  }))
}
