/** What the primary process and its workers say to one another. */
import type { TlsSettings } from '../config/listen-rules.ts'
import type { Settings } from '../config/settings.ts'
import type { Bound } from '../service.ts'
import type { ListenAddress } from '../wire/http-server.ts'
import type { RootKeyChoice } from './root-key.ts'
import type { ServiceSettings } from './service-settings.ts'

/** Everything a worker needs to know; it comes by message because an environment or arguments would show the passphrase. */
export interface WorkerTask extends RootKeyChoice, ListenAddress {
  /** Path of the data folder. */
  readonly folder: string
  readonly tls: TlsSettings | undefined
  readonly trustedProxies: readonly string[] | undefined
  /** PEM; `undefined`: AWS's. */
  readonly attestationRoots: string | undefined
  readonly settings: ServiceSettings
  readonly authentication: 'signed' | 'development'
  readonly logLevel: Settings['logLevel']
}

export type ToWorker =
  | { readonly kind: 'start'; readonly node: string; readonly task: WorkerTask }
  | { readonly kind: 'stop' }
  /** Another worker changed something: read it now, not at the next interval. */
  | { readonly kind: 'refresh' }

export type FromWorker =
  | { readonly kind: 'listening'; readonly address: Bound }
  /** It committed a change that others may have cached. */
  | { readonly kind: 'changed' }
  /** It could not start. `hint` as in OperatorError; `isBug`: the message has a stack. */
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string | undefined; readonly isBug: boolean }
