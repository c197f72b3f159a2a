/**
 * The shape of an API operation. An operation declares what it uses and under which rules; `execute.ts` enforces them, so
 * that no handler can forget one.
 */
import type { AuditFields } from '../audit/audit-record.ts'
import type { EventHistory } from '../audit/event-history.ts'
import type { Structure } from '../base/schema.ts'
import type { Service } from '../base/services.ts'
import type { AttestedRecipient } from '../domain/attestation.ts'
import type { Grant } from '../domain/grants/grant.ts'
import type { GrantServices } from '../domain/grants/grant-services.ts'
import type { GrantLocator } from '../domain/grants/locate-grant.ts'
import type { StoredRole } from '../domain/identity/entities.ts'
import type { IdentityServices, VerifiedWebIdentity } from '../domain/identity/identity-services.ts'
import type { IdentityReader } from '../domain/identity/identity-store.ts'
import type { KeyImports } from '../domain/imports/key-imports.ts'
import type { KeyEvent } from '../domain/key-event.ts'
import type { KeyStores } from '../domain/key-stores/key-stores.ts'
import type { KeyUsage as LastUses } from '../domain/key-usage.ts'
import type { Key, KeyState, KeyUsage, Origin, Tag } from '../domain/keys/key.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import type { IdentifierForms, LocatedKey } from '../domain/keys/locate-key.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import type { Principal } from '../domain/principal.ts'
import type { Quotas } from '../domain/quotas.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Change, MaybePromise, Reader } from '../domain/store.ts'
import type { Call } from './call.ts'

/** How a request names a key. */
export type KeyLocator =
  | { readonly by: 'identifier'; readonly identifier: string; readonly forms: IdentifierForms }
  | { readonly by: 'ciphertext'; readonly blob: Buffer; readonly identifier: string | undefined }
  | { readonly by: 'alias target'; readonly aliasName: string }
  /** The replica that the set of the key of this id or ARN has in a Region; none is no error. */
  | { readonly by: 'replica'; readonly of: string; readonly region: string }

export interface KeyUse<Input> {
  readonly on: 'key'
  /** `undefined`: this request does not use the key (ListAliases without a filter). */
  locate(input: Input): KeyLocator | undefined
  /**
   * `kms:Decrypt`. `undefined`: another use of the request is asked for permission, and this key must only be the caller's
   * own (ListAliases' filter).
   */
  readonly permission: string | undefined
  /** Origins of keys that it is for, where not all are; looked at before the state (lifecycle.md ST-5). */
  readonly origins?: readonly Origin[]
  /**
   * Only for the primary of a multi-Region set: the exception that a replica is answered with, which differs (lifecycle.md
   * MRK-12, MRK-24); a single-Region key gets the first. Looked at before the state.
   */
  readonly primaryOnly?: 'UnsupportedOperationException' | 'KMSInvalidStateException'
  /** Not for replicas: when that is looked at (lifecycle.md ROT-18, ST-5). */
  readonly refusesReplicas?: 'before the state' | 'after the state'
  /** States in which the operation works (operations.md 5.2). */
  readonly keyStates: readonly KeyState[]
  /** Not for keys in custom key stores (keystores.md KS-2); looked at after the state. */
  readonly notInKeyStores?: boolean
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
  /** Of the grants that could allow it, those that count for this request (authorization.md GP-2); all if left out. */
  acceptsGrant?(input: Input): (grant: Grant) => boolean
  /** Not among the resources of the record: UpdateAlias' former target, which AWS's leaves out (ct-updatealias). */
  readonly isUnrecorded?: boolean
  /**
   * Naming a predefined alias of AWS whose key does not exist yet makes it (lifecycle.md MGD-1): whoever names it, or only
   * a service that calls for somebody.
   */
  readonly makesManagedKey?: 'by anybody' | 'by services'
  /** Of this use of the key: for the condition keys of its pairs and for grants with constraints. */
  encryptionContext?(input: Input): Readonly<Record<string, string>> | undefined
  /**
   * Condition keys beyond those that every key operation has (authorization.md 3.2).
   * @param keys those of all uses of the operation, in order; `undefined` where a use has none.
   */
  conditionKeys?(input: Input, keys: readonly (Key | undefined)[]): ConditionValues
  /** Carries kms:GrantIsForAWSResource. */
  readonly managesGrants?: boolean
  /** Carries kms:TrailingDaysWithoutKeyUsage. */
  readonly showsTrailingDays?: boolean
  /** Condition keys with principals as the request names them. A unique id is the ARN of whose it is: policies compare ARNs. */
  principalKeys?(input: Input): Readonly<Record<string, string | undefined>>
}

export interface AliasUse<Input> {
  readonly on: 'alias'
  aliasName(input: Input): string
  readonly permission: string
}

export interface AccountUse<Input> {
  readonly on: 'account'
  readonly permission: string
  /** The Region in which the permission is needed; that of the call if left out. */
  region?(input: Input): string
  /** `undefined` or true: this request needs the permission. */
  applies?(input: Input, call: Call): boolean
  /** @param keys those of all uses of the operation, in order; `undefined` where a use has none. */
  conditionKeys?(input: Input, keys: readonly (Key | undefined)[]): ConditionValues
  /** Carries kms:CallerAccount and kms:ViaService although it names no key (authorization.md 3.1). */
  readonly isAboutKeys?: boolean
  /** Custom key stores: records have no `resources` (audit.md 4.3). */
  readonly isAboutKeyStores?: boolean
  /** What a refusal calls it; `*` if left out, nothing if empty. */
  shownAs?(input: Input, account: string): string
}

/** What locating an entity may look at. */
export interface EntityLookup {
  readonly call: Call
  readonly store: IdentityReader
}

/** A user, role, group, policy or provider that a request is about (authorization.md 6.6). */
export interface LocatedEntity {
  /** With its path. Of one that does not exist: the ARN that it would have without a path; `*` for lists. */
  readonly arn: string
  /** What a refusal calls it, who may not even know its path; the ARN if left out. */
  readonly shownAs?: string
  /** `aws:ResourceTag`, `iam:ResourceTag`. */
  readonly tags?: readonly Tag[]
  /** Of a user or role that has one: for `iam:PermissionsBoundary`. */
  readonly boundaryArn?: string | undefined
}

export interface EntityUse<Input> {
  readonly on: 'entity'
  locate(input: Input, lookup: EntityLookup): MaybePromise<LocatedEntity>
  /** `iam:CreateUser` */
  readonly permission: string
  /** `undefined` or true: this request needs the permission. */
  applies?(input: Input, call: Call): boolean
  conditionKeys?(input: Input, located: LocatedEntity): ConditionValues
}

/** A role that is to be assumed: its trust policy takes part like a key policy (authorization.md 6.4). */
export interface RoleUse<Input> {
  readonly on: 'role'
  roleArn(input: Input): string
  /** `sts:AssumeRole` */
  readonly permission: string
  /** `undefined` or true: this request needs the permission. */
  applies?(input: Input, call: Call): boolean
  conditionKeys?(input: Input): ConditionValues
}

/** A grant that is to be retired: the grant itself says who may (authorization.md 4.6). */
export interface GrantUse<Input> {
  readonly on: 'grant'
  locate(input: Input): GrantLocator
  /** `kms:RetireGrant` */
  readonly permission: string
}

export type Use<Input> =
  | KeyUse<Input>
  | AliasUse<Input>
  | AccountUse<Input>
  | EntityUse<Input>
  | RoleUse<Input>
  | GrantUse<Input>

/** A role that the caller may assume. */
export interface UsedRole {
  readonly arn: string
  readonly account: string
  readonly role: StoredRole
}

/** A key that passed every check of its use. */
export interface UsedKey extends LocatedKey {
  readonly key: Key
}

/** A grant that the caller may retire. */
export interface UsedGrant extends UsedKey {
  readonly grant: Grant
}

export interface UsedAlias {
  readonly aliasName: string
  readonly arn: string
}

/** What a handler receives for each use, in the order of declaration. */
export type UsedResources<U extends readonly { readonly on: string }[]> = {
  readonly [I in keyof U]: ResourceOf<U[I]['on']>
}

type ResourceOf<On extends string> = On extends 'key'
  ? UsedKey
  : On extends 'alias'
    ? UsedAlias
    : On extends 'grant'
      ? UsedGrant
      : On extends 'entity'
        ? LocatedEntity
        : On extends 'role'
          ? UsedRole
          : undefined

export interface HandlerContext<U extends readonly { readonly on: string }[]> {
  readonly resources: UsedResources<U>
  readonly call: Call
  readonly keyMaterials: KeyMaterials
  readonly keyImports: KeyImports
  readonly keyStores: KeyStores
  readonly keyUsage: LastUses
  readonly identity: IdentityServices
  readonly grants: GrantServices
  readonly quotas: Quotas
  readonly random: RandomSource
  /** `undefined` for a node that nobody calls. */
  readonly eventHistory: EventHistory | undefined
  /** Verified; whoever it is, no secret leaves in plaintext. */
  readonly recipient: AttestedRecipient | undefined
  /** Of a caller that `identify` found. */
  readonly webIdentity: VerifiedWebIdentity | undefined
  readonly store: Reader
  /** Ends up in the audit record; allow-listed by audit.md 4. */
  readonly additionalEventData: Record<string, unknown>
}

export interface ChangeContext<U extends readonly { readonly on: string }[]> extends HandlerContext<U> {
  /** The transaction that also carries the audit record. */
  readonly change: Change
  /** @param key with a new policy. @throws {KmsError} if the caller could not replace that policy later (authorization.md 1.7). */
  refuseLockout(key: Key): Promise<void>
  /** The key gets a policy that somebody wrote: what operators should know of it is in the log once the change is made (S-6). */
  noteNewPolicy(key: Key): void
  /** What the service itself did in this change: a record of its own, which commits with it. */
  recordEvent(event: KeyEvent): void
}

/** A caller without a signature, once what he brought has been verified (AssumeRoleWithWebIdentity). */
export interface IdentifiedCaller {
  readonly principal: Principal
  readonly webIdentity: VerifiedWebIdentity
  /** `<issuer>:sub` and the like (authorization.md 3.3). */
  readonly conditions: ConditionValues
}

/** The second record of a call that also did something in another Region (audit.md AU-7). */
export interface RecordElsewhere {
  readonly eventName: string
  readonly region: string
  readonly parameters: AuditFields
  readonly response: AuditFields
  readonly keyArn: string
}

export interface AuditTemplate<Input, Output> {
  readonly readOnly: boolean
  /** requestParameters: only what is named here is written. Absent members drop out. */
  parameters?(input: Input): AuditFields
  /** responseElements; `keyArn` is the ARN of the (last) key used. */
  response?(output: Output, keyArn: string | undefined): AuditFields
  /** ARN of the key that the operation made; it joins the resources of the record. */
  created?(output: Output): string
  /** @param keys those of all uses, in order. */
  elsewhere?(input: Input, output: Output, keys: readonly (Key | undefined)[]): RecordElsewhere | undefined
}

/**
 * `Output` goes to the client as it is, as JSON or as XML: blobs are base64 text in it, times of STS and IAM ISO 8601 text,
 * maps of theirs a `Map`, and members that are absent are `undefined`.
 */
interface Declaration<Input, Output, U extends readonly Use<Input>[]> {
  /** Which of the services it belongs to; `kms` if left out. It decides the wire: AWS JSON, or the query protocol. */
  readonly service?: Service
  /** No signature is asked for: the caller proves himself otherwise (AssumeRoleWithWebIdentity). */
  readonly unsigned?: boolean
  /** As AWS names it. */
  readonly name: string
  readonly input: Structure<Input>
  /** Rules on combinations of parameters that need no key (operations.md 3.0, step 2). */
  check?(input: Input, call: Call): void
  /** Of unsigned operations: who calls, proved by something in the body. */
  identify?(input: Input, call: Call, identity: IdentityServices): Promise<IdentifiedCaller>
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
  readonly service?: Service
  readonly unsigned?: boolean
  readonly name: string
  readonly input: Structure<unknown>
  check?(input: unknown, call: Call): void
  identify?(input: unknown, call: Call, identity: IdentityServices): Promise<IdentifiedCaller>
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

export function keyNamed(identifier: string): KeyLocator {
  return { by: 'identifier', identifier, forms: 'key' }
}

export function keyOrAliasNamed(identifier: string): KeyLocator {
  return { by: 'identifier', identifier, forms: 'key or alias' }
}
