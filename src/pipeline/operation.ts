/**
 * The shape of an API operation. An operation declares what it uses and under which rules; `execute.ts` enforces them, so
 * that no handler can forget one.
 */
import type { AuditFields } from '../audit/audit-record.ts'
import { KmsError } from '../base/errors.ts'
import { type Structure, structure } from '../base/schema.ts'
import type { AttestedRecipient } from '../domain/attestation.ts'
import type { KeyImports } from '../domain/imports/key-imports.ts'
import type { KeyEvent } from '../domain/key-event.ts'
import type { KeyUsage as LastUses } from '../domain/key-usage.ts'
import type { Key, KeyState, KeyUsage, Origin } from '../domain/keys/key.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import type { IdentifierForms, LocatedKey } from '../domain/keys/locate-key.ts'
import type { ConditionContext } from '../domain/policy/authorize.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Change, Reader } from '../domain/store.ts'
import type { Call } from './call.ts'

/** How a request names a key. */
export type KeyLocator =
  | { readonly by: 'identifier'; readonly identifier: string; readonly forms: IdentifierForms }
  | { readonly by: 'ciphertext'; readonly blob: Buffer; readonly identifier: string | undefined }
  | { readonly by: 'alias target'; readonly aliasName: string }

export interface KeyUse<Input> {
  readonly on: 'key'
  /** `undefined`: this request does not use the key (ListAliases without a filter). */
  locate(input: Input): KeyLocator | undefined
  /** `kms:Decrypt` */
  readonly permission: string
  /** Origins of keys that it is for, where not all are; looked at before the state (lifecycle.md ST-5). */
  readonly origins?: readonly Origin[]
  /** States in which the operation works (operations.md 5.2). */
  readonly keyStates: readonly KeyState[]
  /** Only symmetric encryption keys; looked at after the state. */
  readonly symmetricOnly?: boolean
  /** Of the key, for cryptography: a success is then the key's last use (operations.md 3.26). */
  readonly keyUsage?: KeyUsage
  /** The algorithm asked for; it must be one of the key's. */
  algorithm?(input: Input): string
  /** The key may belong to another account than the caller's (authorization.md 2.5). */
  readonly crossAccount?: boolean
  /** A grant can allow it (authorization.md 4.2). */
  readonly grantable?: boolean
  /** Naming a predefined alias of AWS whose key does not exist yet makes it (lifecycle.md MGD-1). */
  readonly makesManagedKey?: boolean
  /** Condition keys beyond those that every key operation has (authorization.md 3.2). */
  conditionKeys?(input: Input): ConditionContext
}

export interface AliasUse<Input> {
  readonly on: 'alias'
  aliasName(input: Input): string
  readonly permission: string
}

export interface AccountUse<Input> {
  readonly on: 'account'
  readonly permission: string
  /** `undefined` or true: this request needs the permission. */
  applies?(input: Input): boolean
  conditionKeys?(input: Input): ConditionContext
}

export type Use<Input> = KeyUse<Input> | AliasUse<Input> | AccountUse<Input>

/** A key that passed every check of its use. */
export interface UsedKey extends LocatedKey {
  readonly key: Key
}

export interface UsedAlias {
  readonly aliasName: string
  readonly arn: string
}

/** What a handler receives for each use, in the order of declaration. */
export type UsedResources<U extends readonly { readonly on: string }[]> = {
  readonly [I in keyof U]: U[I]['on'] extends 'key' ? UsedKey : U[I]['on'] extends 'alias' ? UsedAlias : undefined
}

export interface HandlerContext<U extends readonly { readonly on: string }[]> {
  readonly resources: UsedResources<U>
  readonly call: Call
  readonly keyMaterials: KeyMaterials
  readonly keyImports: KeyImports
  readonly keyUsage: LastUses
  readonly random: RandomSource
  /** Verified; whoever it is, no secret leaves in plaintext. */
  readonly recipient: AttestedRecipient | undefined
  readonly store: Reader
  /** Ends up in the audit record; allow-listed by audit.md 4. */
  readonly additionalEventData: Record<string, unknown>
}

export interface ChangeContext<U extends readonly { readonly on: string }[]> extends HandlerContext<U> {
  /** The transaction that also carries the audit record. */
  readonly change: Change
  /** What the service itself did in this change: a record of its own, which commits with it. */
  recordEvent(event: KeyEvent): void
}

export interface AuditTemplate<Input, Output> {
  readonly readOnly: boolean
  /** requestParameters: only what is named here is written. Absent members drop out. */
  parameters?(input: Input): AuditFields
  /** responseElements; `keyArn` is the ARN of the (last) key used. */
  response?(output: Output, keyArn: string | undefined): AuditFields
  /** ARN of the key that the operation made; it joins the resources of the record. */
  created?(output: Output): string
}

/** `Output` goes to the client as JSON as it is: blobs are base64 text in it, and members that are absent are `undefined`. */
interface Declaration<Input, Output, U extends readonly Use<Input>[]> {
  /** As AWS names it. */
  readonly name: string
  readonly input: Structure<Input>
  /** Rules on combinations of parameters that need no key (operations.md 3.0, step 2). */
  check?(input: Input, call: Call): void
  readonly uses: U
  readonly audit: AuditTemplate<Input, Output>
}

/** An operation that leaves the store as it is. */
export interface ReadingOperation<Input, Output, U extends readonly Use<Input>[]>
  extends Declaration<Input, Output, U> {
  readonly changes: false
  handler(input: Input, context: HandlerContext<U>): Output | Promise<Output>
}

/** An operation that runs in one transaction, checks included, and commits its audit record with it. */
export interface ChangingOperation<Input, Output, U extends readonly Use<Input>[], Prepared>
  extends Declaration<Input, Output, U> {
  readonly changes: true
  /**
   * What must not be done inside a transaction because it is slow or changes the store itself: making key material. It runs
   * after all checks have passed once; they are made again in the transaction.
   */
  prepare?(input: Input, context: HandlerContext<U>): Promise<Prepared>
  handler(input: Input, context: ChangeContext<U>, prepared: Prepared): Promise<Output>
}

/** Any operation, for tables of them. */
export interface Operation {
  readonly name: string
  readonly input: Structure<unknown>
  check?(input: unknown, call: Call): void
  readonly uses: readonly Use<unknown>[]
  readonly audit: AuditTemplate<unknown, unknown>
  readonly changes: boolean
  prepare?(input: unknown, context: HandlerContext<readonly Use<unknown>[]>): Promise<unknown>
  handler(input: unknown, context: ChangeContext<readonly Use<unknown>[]>, prepared: unknown): unknown
}

export function defineOperation<Input, Output, const U extends readonly Use<Input>[]>(
  operation: Omit<ReadingOperation<Input, Output, U>, 'changes'>,
): Operation {
  return Object.freeze({ ...operation, changes: false }) as unknown as Operation
}

export function defineChange<Input, Output, const U extends readonly Use<Input>[], Prepared = undefined>(
  operation: Omit<ChangingOperation<Input, Output, U, Prepared>, 'changes'>,
): Operation {
  return Object.freeze({ ...operation, changes: true }) as unknown as Operation
}

/** An operation that is not built yet: known, authenticated, audited, and refused (docs/divergences.md). */
export function defineUnsupported(name: string): Operation {
  return Object.freeze({
    name,
    input: structure({}),
    uses: [],
    audit: { readOnly: /^(Describe|Derive|Generate|Get|List|Sign|Verify)/.test(name) },
    changes: false,
    handler() {
      throw new KmsError('UnsupportedOperationException', `${name} is not supported.`)
    },
  })
}

export function keyNamed(identifier: string): KeyLocator {
  return { by: 'identifier', identifier, forms: 'key' }
}

export function keyOrAliasNamed(identifier: string): KeyLocator {
  return { by: 'identifier', identifier, forms: 'key or alias' }
}
