/**
 * The rules on a located key that a use declares: state, usage, algorithm, in this order (operations.md 3.0, steps 6 and 7).
 * An origin is looked at before the state by those that are for some origins only (lifecycle.md ST-5).
 */
import { KmsError } from '../base/errors.ts'
import { type Key, type KeyState, keyState } from '../domain/keys/key.ts'
import { algorithmsOf, SYMMETRIC_DEFAULT } from '../domain/keys/key-specs.ts'
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

export function checkKeyRules<Input>(use: KeyUse<Input>, key: Key, input: Input, now: number): void {
  checkOrigin(use, key)
  checkState(use.keyStates, key, now)
  // Without a text, as recorded (operations.md 3.18, 3.44).
  if (use.symmetricOnly && key.spec !== SYMMETRIC_DEFAULT) throw new KmsError('UnsupportedOperationException')
  checkUsage(use, key)
  const algorithm = use.algorithm?.(input)
  if (algorithm !== undefined && !algorithmsOf(key).includes(algorithm)) {
    throw new KmsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`)
  }
}

function checkOrigin<Input>({ origins }: KeyUse<Input>, { arn, origin }: Key): void {
  if (origins === undefined || origins.includes(origin)) return
  const text = `${arn} origin is ${origin} which is not valid for this operation.`
  throw new KmsError('UnsupportedOperationException', text)
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
