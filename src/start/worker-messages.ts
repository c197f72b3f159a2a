/** What the primary process and its workers say to one another. */
import type { TlsSettings } from '../config/listen-rules.ts'
import type { Settings } from '../config/settings.ts'
import type { Measured } from '../metrics/samples.ts'
import type { Bound } from '../service.ts'
import type { ListenAddress } from '../wire/http-server.ts'
import type { MetricsSettings } from './metrics.ts'
import type { ServiceSettings } from './service-settings.ts'
import type { FolderSecrets } from './store-place.ts'

/** Everything a worker needs to know; it comes by message because an environment or arguments would show the passphrase. */
export interface WorkerTask extends FolderSecrets, ListenAddress {
  /** Path of the data folder. */
  readonly folder: string
  readonly unsealed: Record<string, string>
  readonly tls: TlsSettings | undefined
  readonly trustedProxies: readonly string[] | undefined
  /** PEM; `undefined`: AWS's. */
  readonly attestationRoots: string | undefined
  readonly settings: ServiceSettings
  readonly authentication: 'signed' | 'development'
  readonly logLevel: Settings['logLevel']
  /** `undefined`: nothing is measured. */
  readonly metrics: MetricsSettings | undefined
}

export type ToWorker =
  | { readonly kind: 'start'; readonly node: string; readonly task: WorkerTask }
  | { readonly kind: 'stop' }
  /** Of a root key that the store was changed to; as in the task. */
  | { readonly kind: 'unsealed'; readonly rootKeyId: string; readonly secret: string }
  /** Another worker changed something: read it now, not at the next interval. */
  | { readonly kind: 'refresh' }
  /** `round` comes back with the answer; `withStore`: of the store, too, which is the same for all workers. */
  | { readonly kind: 'measure'; readonly round: number; readonly withStore: boolean }

export type FromWorker =
  | { readonly kind: 'listening'; readonly address: Bound }
  /** It committed a change that others may have cached. */
  | { readonly kind: 'changed' }
  | ({ readonly kind: 'measured'; readonly round: number } & Measured)
  /** It could not start. `hint` as in OperatorError. */
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string | undefined; readonly fault: StartFault }

/** `bug`: the message has a stack; `secret refused`: the next attempt would do harm; else it may pass, or be mended. */
export type StartFault = 'bug' | 'secret refused' | undefined
