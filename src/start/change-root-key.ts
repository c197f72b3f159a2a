/**
 * Another root key for a data folder, while its server runs. The order matters: a crash at any instant leaves a store that one
 * of the two root keys opens, and both are there.
 *
 * 1. The new root key is on stable storage, in a file that has its id in the name, and is opened again from there; with those of its shares
 *    that people were given, if it is in shares.
 * 2. All domain keys are wrapped by it, and each is opened again.
 * 3. One transaction puts them in the place of the old ones, with the audit record. Which root key counts is what domain keys
 *    are wrapped by, so nothing else has to be switched over.
 *
 * The old root key stays where it is, for backups from before. A new one whose change the store was never asked for is removed; where a
 * crash left it behind, or the store refused it in the end, it opens nothing.
 */
import { rmSync } from 'node:fs'
import { parseArn } from '../base/arn.ts'
import { OperatorError } from '../config/operator-error.ts'
import { unwrapDomainKey } from '../crypto/domain-key.ts'
import { putRewrapped, rewrapDomainKeys } from '../domain/keys/rewrap-domain-keys.ts'
import type { DataFolder } from './data-folder.ts'
import type { OperatorNode } from './operator-node.ts'
import { openRootKey } from './root-key.ts'
import type { HsmKeyChoice, KmsKeyChoice, NewShares, OpenShares } from './root-key-choice.ts'
import { changedRootKeyFile, type RootKeyFile, rootKeyFileOf } from './root-key-files.ts'
import { ROOT_KEY_MAKERS } from './root-key-makers.ts'
import { inFolder } from './store-place.ts'

export type NewRootKey =
  | { readonly provider: 'file' }
  | { readonly provider: 'passphrase'; readonly passphrase: string }
  | { readonly provider: 'kms'; readonly kms: KmsKeyChoice }
  | { readonly provider: 'pkcs11'; readonly hsm: HsmKeyChoice }
  | { readonly provider: 'shares'; readonly newShares: NewShares; readonly openShares: OpenShares }

export interface ChangedRootKey {
  readonly id: string
  readonly file: RootKeyFile
  readonly oldFile: RootKeyFile | undefined
  readonly domainKeys: number
}

type ChangingNode = Pick<OperatorNode, 'store' | 'rootKey' | 'change'>

/** A server makes a domain key a day, and commands may. */
const ATTEMPTS_MAX = 5

export async function changeRootKey(node: ChangingNode, folder: DataFolder, to: NewRootKey): Promise<ChangedRootKey> {
  if (to.provider === 'kms') await refuseOwnKey(node, to.kms)
  // Before another is made: without the old one nothing comes of it.
  const newest = await node.store.newestDomainKey()
  if (newest?.rootKeyId === node.rootKey.id) await unwrapDomainKey(node.rootKey, newest)
  const oldFile = rootKeyFileOf(folder, node.rootKey.id)
  const { id, path } = await makeRootKey(folder, to)
  const file = { provider: to.provider, path }
  let isAskedFor = false
  const onAsking = () => {
    isAskedFor = true
  }
  try {
    return { id, file, oldFile, domainKeys: await rewrapUnder(node, folder, to, id, onAsking) }
  } catch (error) {
    // It may be in force, if what failed came after: the audit log, say. And a database that was lost while it committed may show that
    // later, however it looks now.
    if (!isAskedFor) rmSync(path, { force: true })
    throw error
  }
}

/** A store under a key of its own could never be opened again. */
async function refuseOwnKey({ store }: ChangingNode, { keyArn }: KmsKeyChoice): Promise<void> {
  const { account = '', region = '', resource = '' } = keyArn === undefined ? {} : parseArn(keyArn)!
  const keyId = resource.slice('key/'.length)
  if ((await store.findKey({ account, region, keyId })) === undefined) return
  throw new OperatorError(`${keyArn} is a key of this very server, which could then never be opened again`, {
    hint: 'take a key of another KMS',
  })
}

/** @returns its id, and the file in which it is on stable storage. */
async function makeRootKey(folder: DataFolder, to: NewRootKey): Promise<{ id: string; path: string }> {
  const { rootKey, save } = await ROOT_KEY_MAKERS[to.provider].make({ passphrase: undefined, ...to })
  const path = changedRootKeyFile(folder, to.provider, rootKey.id)
  save(path)
  return { id: rootKey.id, path }
}

/**
 * @param onAsking told before the store is asked to commit.
 * @returns how many domain keys are under it.
 */
async function rewrapUnder(
  node: ChangingNode,
  folder: DataFolder,
  to: NewRootKey,
  id: string,
  onAsking: () => void,
): Promise<number> {
  const choice = { passphrase: undefined, ...to }
  const rootKey = await openRootKey(folder, choice, inFolder(folder), { rootKeyId: id })
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const rewrapped = await rewrapDomainKeys(node.store, node.rootKey, rootKey)
    if (rewrapped === undefined) throw changedMeanwhile()
    try {
      await node.change(async (change) => {
        const obstacle = await putRewrapped(change, rewrapped)
        if (obstacle === 'root key changed') throw changedMeanwhile()
        if (obstacle !== undefined) throw new DomainKeysChangedError()
        onAsking()
        return {
          ...{ eventSource: 'kms.amazonaws.com', eventName: 'ChangeRootKey', account: undefined, region: 'us-east-1' },
          resources: [],
          details: { from: node.rootKey.id, to: id, provider: to.provider, domainKeys: rewrapped.domainKeys.length },
        }
      })
      return rewrapped.domainKeys.length
    } catch (error) {
      if (!(error instanceof DomainKeysChangedError)) throw error
    }
  }
  throw new OperatorError('domain keys came and went all the time, and the root key was not changed', {
    hint: 'try again',
  })
}

class DomainKeysChangedError extends Error {}

function changedMeanwhile(): OperatorError {
  return new OperatorError('somebody else changed the root key meanwhile; this change was not made', {
    hint: "'keyhold root-key show' tells which one it is now",
  })
}
