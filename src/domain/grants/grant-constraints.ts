/** Constraints of grants: which there may be, and which are as strict as others (authorization.md 4.3, 4.7). */
import { validationError } from '../../base/errors.ts'
import { GRANT_CONSTRAINT_PAIRS_MAX, GRANT_CONSTRAINT_VALUE_CHARS_MAX } from '../../base/limits.ts'
import type { ConditionValues } from '../policy/condition-values.ts'
import { encryptionContextConditions } from '../policy/encryption-context-conditions.ts'
import { hasPairs, isSamePairs } from './applicable-grants.ts'
import type { EncryptionContext, GrantConstraints } from './grant.ts'

/** The pairs of whichever of the two is there. */
export function constrainedContext(constraints: GrantConstraints | undefined): EncryptionContext | undefined {
  return constraints?.encryptionContextEquals ?? constraints?.encryptionContextSubset
}

/** What needs no key. @throws {KmsError} `ValidationException` for more than a grant can hold (GC-1), or both kinds. */
export function checkConstraints(constraints: GrantConstraints): void {
  const { encryptionContextEquals, encryptionContextSubset } = constraints
  if (encryptionContextEquals !== undefined && encryptionContextSubset !== undefined) {
    throw validationError('You cannot specify EncryptionContextEquals and EncryptionContextSubset in the same grant.')
  }
  const values = Object.values(constrainedContext(constraints) ?? {})
  if (values.length > GRANT_CONSTRAINT_PAIRS_MAX) {
    throw validationError(
      `A grant constraint can have at most ${GRANT_CONSTRAINT_PAIRS_MAX} encryption context pairs, not ${values.length}.`,
    )
  }
  if (values.some((value) => value.length > GRANT_CONSTRAINT_VALUE_CHARS_MAX)) {
    throw validationError(
      `An encryption context value in a grant constraint can have at most ${GRANT_CONSTRAINT_VALUE_CHARS_MAX} characters.`,
    )
  }
}

/** GC-2. @throws {KmsError} `ValidationException` */
export function checkConstraintsFit(spec: string, constraints: GrantConstraints | undefined): void {
  if (spec === 'SYMMETRIC_DEFAULT' || constrainedContext(constraints) === undefined) return
  throw validationError('EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.')
}

/** GP-3. */
export function isAsStrict(child: GrantConstraints | undefined, parent: GrantConstraints | undefined): boolean {
  if (parent === undefined) return true
  if (parent.sourceArn !== undefined && parent.sourceArn !== child?.sourceArn) return false
  const { encryptionContextEquals, encryptionContextSubset } = parent
  const pairs = constrainedContext(child)
  if (encryptionContextEquals !== undefined) {
    return (
      child?.encryptionContextEquals !== undefined &&
      isSamePairs(child.encryptionContextEquals, encryptionContextEquals)
    )
  }
  return encryptionContextSubset === undefined || (pairs !== undefined && hasPairs(pairs, encryptionContextSubset))
}

/** Condition keys of CreateGrant and RetireGrant (authorization.md 3.2). */
export function constraintConditions(constraints: GrantConstraints | undefined): ConditionValues {
  const type = constraints && constraintType(constraints)
  return { 'kms:GrantConstraintType': type, ...encryptionContextConditions(constrainedContext(constraints)) }
}

function constraintType(constraints: GrantConstraints): string | undefined {
  if (constraints.encryptionContextEquals !== undefined) return 'EncryptionContextEquals'
  return constraints.encryptionContextSubset === undefined ? undefined : 'EncryptionContextSubset'
}
