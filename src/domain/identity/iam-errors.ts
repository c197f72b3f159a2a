/** IAM's errors that several rules share, in its words (authorization.md 6.6). */
import { KmsError } from '../../base/errors.ts'
import type { OwnerKind } from './entities.ts'

export function noSuchEntity(text: string): KmsError {
  return new KmsError('NoSuchEntity', text)
}

export function noSuchOwner(kind: OwnerKind, name: string): KmsError {
  return noSuchEntity(`The ${kind} with name ${name} cannot be found.`)
}

export function ownerExists(kind: OwnerKind, name: string): KmsError {
  const noun = kind.charAt(0).toUpperCase() + kind.slice(1)
  return new KmsError('EntityAlreadyExists', `${noun} with name ${name} already exists.`)
}

/** @param what must be done first: `detach all policies`. */
export function deleteConflict(what: string): KmsError {
  return new KmsError('DeleteConflict', `Cannot delete entity, must ${what} first.`)
}

/** @param quota as IAM names it: `AccessKeysPerUser`. */
export function quotaExceeded(quota: string, limit: number): KmsError {
  return new KmsError('LimitExceeded', `Cannot exceed quota for ${quota}: ${limit}`)
}
