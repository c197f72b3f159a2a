/**
 * The rules on a located key that a use declares: usage, state, algorithm, in this order, as recorded (operations.md 3.0).
 * An origin is looked at before the state by those that are for some origins only, and so is, mostly, the role in a
 * multi-Region set (lifecycle.md ST-5).
 */
import { KmsError } from '../base/errors.ts'
import { type Key, type KeyState, keyState } from '../domain/keys/key.ts'
import { algorithmsOf, SYMMETRIC_DEFAULT } from '../domain/keys/key-specs.ts'
import { isPrimary, isReplica } from '../domain/keys/multi-region.ts'
import type { KeyUse } from './operation.ts'

/** operations.md 5.1; Enabled and Disabled have words of their own. */
const STATE_TEXTS: Readonly<Partial<Record<KeyState, string>>> = {
  PendingDeletion: 'is pending deletion.',
  PendingReplicaDeletion: 'is pending replica deletion.',
  PendingImport: 'is pending import.',
  Unavailable: 'is unavailable.',
  Creating: 'is creating.',
  Updating: 'is updating.',
}

/** The one of them that a call was refused for because it is pending deletion (lifecycle.md DEL-30). */
export function refusedAsPendingDeletion(error: unknown, keys: readonly (Key | undefined)[]): Key | undefined {
  if (!(error instanceof KmsError) || error.code !== 'KMSInvalidStateException') return undefined
  const { text } = error
  const { PendingDeletion, PendingReplicaDeletion } = STATE_TEXTS
  return keys.find(
    (key) => text === `${key?.arn} ${PendingDeletion}` || text === `${key?.arn} ${PendingReplicaDeletion}`,
  )
}

export function checkKeyRules<Input>(use: KeyUse<Input>, key: Key, input: Input, now: number): void {
  checkPrimary(use, key)
  if (use.refusesReplicas === 'before the state') refuseReplica(use, key)
  checkOrigin(use, key)
  checkUsage(use, key)
  checkState(use.keyStates, key, now)
  if (use.refusesReplicas === 'after the state') refuseReplica(use, key)
  if (use.notInKeyStores && key.customKeyStore !== undefined) throw invalidOrigin(key)
  // Without a text, as recorded (operations.md 3.18, 3.44).
  if (use.symmetricOnly && key.spec !== SYMMETRIC_DEFAULT) throw new KmsError('UnsupportedOperationException')
  const algorithm = use.algorithm?.(input)
  if (algorithm !== undefined && !algorithmsOf(key).includes(algorithm)) {
    throw new KmsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`)
  }
}

/** AWS spells the two texts differently. */
function checkPrimary<Input>({ primaryOnly }: KeyUse<Input>, key: Key): void {
  if (primaryOnly === undefined || isPrimary(key)) return
  if (primaryOnly === 'KMSInvalidStateException' && isReplica(key)) {
    throw new KmsError(primaryOnly, `${key.arn} is not a multi-Region primary key.`)
  }
  throw new KmsError('UnsupportedOperationException', `${key.arn} is not a multi-region primary key.`)
}

function refuseReplica<Input>({ permission }: KeyUse<Input>, key: Key): void {
  if (!isReplica(key)) return
  const name = permission!.slice('kms:'.length)
  const text = `${key.arn} is a multi-region replica key which is not valid for ${name}.`
  throw new KmsError('UnsupportedOperationException', text)
}

function checkOrigin<Input>({ origins }: KeyUse<Input>, key: Key): void {
  if (origins !== undefined && !origins.includes(key.origin)) throw invalidOrigin(key)
}

function invalidOrigin({ arn, origin }: Key): KmsError {
  return new KmsError(
    'UnsupportedOperationException',
    `${arn} origin is ${origin} which is not valid for this operation.`,
  )
}

function checkState(allowed: readonly KeyState[], key: Key, now: number): void {
  const state = keyState(key, now)
  if (allowed.includes(state)) return
  if (!allowed.includes('Enabled'))
    throw new KmsError('KMSInvalidStateException', `${key.arn} is not pending deletion.`)
  if (state === 'Disabled') throw new KmsError('DisabledException', `${key.arn} is disabled.`)
  throw new KmsError('KMSInvalidStateException', `${key.arn} ${STATE_TEXTS[state]}`)
}

function checkUsage<Input>({ keyUsage, permission }: KeyUse<Input>, key: Key): void {
  if (keyUsage === undefined || key.usage === keyUsage) return
  // The name of the permission, not of the operation: ReEncrypt's two sides are told apart (operations.md 3.40).
  const name = permission!.slice('kms:'.length)
  throw new KmsError('InvalidKeyUsageException', `${key.arn} key usage is ${key.usage} which is not valid for ${name}.`)
}
