/** Connecting one process to the tokens of a store's cluster, step by step (keystores.md 2.2, 2.3). */
import { HSM_KEYS_LOOKED_UP_AT_ONCE, HSM_KEYS_LOOKED_UP_MAX, HSM_SESSIONS_MAX } from '../base/limits.ts'
import type { CloudHsmKeyStore } from '../domain/key-stores/custom-key-store.ts'
import { ConnectionError } from '../domain/key-stores/key-store-backend.ts'
import { chosenTokens } from './clusters.ts'
import type { ConnectionServices } from './connection-services.ts'
import { connectionError } from './failures.ts'
import type { HsmCluster } from './hsm-cluster.ts'
import type { Commands, TokenState } from './messages.ts'
import type { ModuleClient } from './module-client.ts'
import { newPassword } from './new-password.ts'
import { openTokens } from './open-tokens.ts'

export interface OpenLogin {
  readonly client: ModuleClient
  readonly canDerive: boolean
}

/**
 * @param purpose `for all`: this node connects the store, so it tests the tokens and replaces the password where it may; `again`: another
 *   node has, or this one had, connected it.
 * @throws {ConnectionError}
 */
export async function openLogin(
  services: ConnectionServices,
  store: CloudHsmKeyStore,
  purpose: 'for all' | 'again',
): Promise<OpenLogin> {
  const cluster = services.clusters.get(store.clusterId)
  if (cluster === undefined) {
    throw new ConnectionError('CLUSTER_NOT_FOUND', `${store.clusterId} is not among the configured clusters`)
  }
  try {
    return await openTokens(cluster, cluster.tokens, async (client, found) => {
      checkUsable(cluster, store, chosenTokens(cluster, found))
      const canDerive = await logIn(services, client, cluster, store, purpose)
      if (purpose === 'for all') {
        await client.call('selfTest', undefined)
        await noteMissingKeys(services, client, store)
      }
      return { client, canDerive }
    })
  } catch (error) {
    throw connectionError(error)
  }
}

function checkUsable(cluster: HsmCluster, store: CloudHsmKeyStore, tokens: readonly TokenState[]): void {
  const { clusterId, minConnect } = cluster
  if (tokens.length === 0) throw new ConnectionError('CLUSTER_NOT_FOUND', `no slot holds a token of ${clusterId}`)
  if (tokens.length < minConnect) {
    throw new ConnectionError('INSUFFICIENT_CLOUDHSM_HSMS', `${clusterId} has ${tokens.length} tokens of ${minConnect}`)
  }
  for (const token of tokens) checkToken(token, store)
}

/** ST-4: a key that has vanished from the HSM changes nothing but that it cannot be used, so its operator should hear of it. */
async function noteMissingKeys(
  { keys, log }: ConnectionServices,
  client: ModuleClient,
  store: CloudHsmKeyStore,
): Promise<void> {
  const ids = await keys.materialIdsInStore(store, HSM_KEYS_LOOKED_UP_MAX)
  for (let start = 0; start < ids.length; start += HSM_KEYS_LOOKED_UP_AT_ONCE) {
    const some = ids.slice(start, start + HSM_KEYS_LOOKED_UP_AT_ONCE).map((id) => Buffer.from(id, 'hex'))
    for (const id of await client.call('findMissing', { ids: some })) {
      const backingKeyId = id.toString('hex')
      log.warn({ customKeyStoreId: store.storeId, backingKeyId }, 'a key of a custom key store is not in its HSM')
    }
  }
}

/** @throws {ConnectionError} for a token that no login should be tried on, or that is of no use. */
export function checkToken(
  { label, ...token }: TokenState,
  { isSecretRefused }: Pick<CloudHsmKeyStore, 'isSecretRefused'>,
): void {
  if (token.isPinLocked) throw new ConnectionError('USER_LOCKED_OUT', `the user PIN of token ${label} is locked`)
  if (!token.hasUserPin) throw new ConnectionError('USER_NOT_FOUND', `token ${label} has no user PIN`)
  if (!token.hasGcm) {
    throw new ConnectionError('INTERNAL_ERROR', `token ${label} lacks CKM_AES_KEY_GEN, or CKM_AES_GCM for 32-byte keys`)
  }
  // HU-3: a password that was wrong before is not what the last attempt should be spent on.
  if (token.isFinalTry && isSecretRefused) {
    throw new ConnectionError('INVALID_CREDENTIALS', `the next wrong password locks the user of token ${label}`)
  }
}

/** @returns whether all tokens can derive keys. */
async function logIn(
  { passwords, random }: ConnectionServices,
  client: ModuleClient,
  { tokens: names, rotatePin }: HsmCluster,
  store: CloudHsmKeyStore,
  purpose: 'for all' | 'again',
): Promise<boolean> {
  const candidates = await passwords.candidates(store)
  const pins = candidates.map((candidate) => candidate.toString())
  for (const candidate of candidates) candidate.fill(0)
  const login: Commands['login']['gives'] = await client.call('login', { names, pins, sessionsMax: HSM_SESSIONS_MAX })
  if (purpose === 'again') return login.canDerive
  // The one that was pending turned out to be right: an earlier rotation had come that far.
  if (login.pin > 0) await passwords.commit(store)
  if (rotatePin) {
    const password = newPassword(random)
    if (await passwords.begin(store, password)) {
      await client.call('setPin', { from: pins[login.pin]!, to: password })
      await passwords.commit(store)
    }
  }
  return login.canDerive
}
