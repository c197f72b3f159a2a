/**
 * Replaces the password of an HSM's crypto user by one that only this service knows (HU-4). The new one is on stable storage before the
 * HSM is told of it, so whatever instant this is interrupted at, one of the two that are kept is right.
 */
import type { Store } from '../store.ts'
import type { CloudHsmKeyStore } from './custom-key-store.ts'
import type { StoreSecrets } from './store-secrets.ts'

export interface PasswordRotation {
  /** Those that may be right: the committed one first. The caller wipes them. */
  candidates(store: CloudHsmKeyStore): Promise<readonly Buffer[]>
  /** @returns false if the store is being connected anew or was updated meanwhile: then the password must stay as it is. */
  begin(store: CloudHsmKeyStore, password: string): Promise<boolean>
  /** The pending password is the one from now on. */
  commit(store: CloudHsmKeyStore): Promise<void>
}

export function createPasswordRotation(records: Store, secrets: StoreSecrets): PasswordRotation {
  /** @returns false if there is nothing to change. */
  function change(
    store: CloudHsmKeyStore,
    work: (present: CloudHsmKeyStore) => CloudHsmKeyStore | undefined,
  ): Promise<boolean> {
    return records.change(async (change) => {
      const present = await change.findKeyStore(store)
      const changed = present?.type === 'AWS_CLOUDHSM' && present.attempt === store.attempt && work(present)
      if (!changed) return false
      await change.updateKeyStore(changed)
      return true
    })
  }

  return {
    async candidates(store) {
      const present = await records.findKeyStore(store)
      const { secret, pendingSecret } = present?.type === 'AWS_CLOUDHSM' ? present : store
      const sealed = pendingSecret === undefined ? [secret] : [secret, pendingSecret]
      return Promise.all(sealed.map((token) => secrets.open(store, token)))
    },
    async begin(store, password) {
      const pendingSecret = await secrets.seal(store, store.type, password)
      return change(store, (present) => ({ ...present, pendingSecret }))
    },
    async commit(store) {
      await change(store, (present) =>
        present.pendingSecret === undefined
          ? undefined
          : { ...present, secret: present.pendingSecret, pendingSecret: undefined },
      )
    },
  }
}
