/** What evaluation answers. */

export type PolicyType =
  | 'identity-based policy'
  | 'resource-based policy'
  | 'permissions boundary'
  | 'session policy'
  | 'service control policy'

/** Which statement decided: for explanations, never for the caller. */
export interface DecisiveStatement {
  readonly policyType: PolicyType
  /** Of all but policies of resources. */
  readonly policyName?: string
  /** From 0. */
  readonly index: number
  readonly sid?: string
}

export type Decision =
  | {
      readonly allowed: true
      /** What allowed it: statements, the key side's first; empty for a root user where no policy is needed. */
      readonly by: readonly DecisiveStatement[]
      /** Set when only grants allow it on the key's side. */
      readonly grantId?: string
    }
  | {
      readonly allowed: false
      readonly reason: 'explicit deny'
      readonly by: DecisiveStatement
      /** A foreign key's policy denies: the caller must not learn that the key exists. */
      readonly isVisible: boolean
    }
  | {
      readonly allowed: false
      readonly reason: 'missing allow'
      readonly missing: PolicyType
      readonly isVisible: boolean
      /** What evaluation failed with, where it did: a defect of ours, to be logged. */
      readonly failure?: unknown
    }
