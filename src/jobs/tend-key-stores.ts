/** Destroys what CreateKey left behind in HSMs (keystores.md HK-3), and sees to connections that a lost node was making. */
import type { Clock } from '../base/clock.ts'
import type { KeyStoreConnector } from '../domain/key-stores/connector.ts'
import type { KeyStores } from '../domain/key-stores/key-stores.ts'
import { sweepUnfinishedKeys } from '../domain/key-stores/unfinished-keys.ts'
import type { Store } from '../domain/store.ts'
import type { Job } from './job-runner.ts'

export interface KeyStoreJobServices {
  readonly store: Store
  readonly keyStores: KeyStores
  readonly connector: KeyStoreConnector
  readonly clock: Clock
}

export function tendKeyStores({ store, keyStores, connector, clock }: KeyStoreJobServices): Job {
  return {
    name: 'tend custom key stores',
    async run() {
      await connector.look()
      await sweepUnfinishedKeys(store, keyStores, clock.now())
    },
  }
}
