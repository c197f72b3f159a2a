/** Managed policies that a request names: customer managed ones of the caller's account, and those of AWS. */
import { KmsError, validationError } from '../../base/errors.ts'
import { AWS_ACCOUNT, awsManagedPolicy } from '../../domain/identity/aws-managed-policies.ts'
import type { StoredManagedPolicy, StoredPolicyVersion } from '../../domain/identity/entities.ts'
import { parseEntityArn } from '../../domain/identity/entity-name.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { EntityLookup, LocatedEntity } from '../../pipeline/operation.ts'
import { dateTime, percentEncoded } from './iam-answers.ts'
import { toIamTags } from './iam-members.ts'

interface PolicyRequest {
  readonly PolicyArn: string
}

export function isPolicyArn(arn: string): boolean {
  return parseEntityArn(arn)?.kind === 'policy'
}

/** For `check`. @throws {KmsError} `ValidationException` for a text that names no policy. */
export function checkPolicyArn({ PolicyArn }: PolicyRequest): void {
  if (!isPolicyArn(PolicyArn)) throw validationError('Invalid ARN:  Could not be parsed!')
}

/** Other accounts' policies are as good as none. */
export async function findPolicy(
  store: IdentityReader,
  account: string,
  arn: string,
): Promise<StoredManagedPolicy | undefined> {
  const ofAws = awsManagedPolicy(arn)
  if (ofAws !== undefined) return ofAws
  const policy = await store.findManagedPolicy(arn)
  return policy?.account === account ? policy : undefined
}

export async function locatePolicy(
  { PolicyArn }: PolicyRequest,
  { call, store }: EntityLookup,
): Promise<LocatedEntity> {
  const policy = await findPolicy(store, call.principal.account, PolicyArn)
  return { arn: PolicyArn, shownAs: `policy ${PolicyArn}`, ...(policy && { tags: policy.tags }) }
}

export function policyNotFound(arn: string): KmsError {
  return noSuchEntity(`Policy ${arn} was not found.`)
}

/** What AWS says where a policy is to be used, and not just looked at. */
export function policyNotAttachable(arn: string): KmsError {
  return noSuchEntity(`Policy ${arn} does not exist or is not attachable.`)
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requirePolicy(
  store: IdentityReader,
  account: string,
  arn: string,
  missing: (arn: string) => KmsError = policyNotFound,
): Promise<StoredManagedPolicy> {
  const policy = await findPolicy(store, account, arn)
  if (policy === undefined) throw missing(arn)
  return policy
}

/** A policy that is to be changed. @throws {KmsError} `AccessDeniedException` for those of AWS, `NoSuchEntity` */
export async function requireOwnPolicy(
  store: IdentityReader,
  caller: { readonly account: string; readonly arn: string },
  arn: string,
  permission: string,
  missing: (arn: string) => KmsError = policyNotFound,
): Promise<StoredManagedPolicy> {
  const policy = await requirePolicy(store, caller.account, arn, missing)
  if (policy.account !== AWS_ACCOUNT) return policy
  const text = `User: ${caller.arn} is not authorized to perform: ${permission} on resource: policy ${arn}`
  throw new KmsError('AccessDeniedException', text)
}

/** @param versionId `v3` */
export async function requirePolicyVersion(
  store: IdentityReader,
  arn: string,
  versionId: string,
): Promise<StoredPolicyVersion> {
  const version = await findPolicyVersion(store, arn, versionId)
  if (version === undefined) throw versionNotFound(versionId)(arn)
  return version
}

export function versionNotFound(versionId: string) {
  return (arn: string) => noSuchEntity(`Policy ${arn} version ${versionId} does not exist or is not attachable.`)
}

async function findPolicyVersion(store: IdentityReader, arn: string, versionId: string) {
  const [, digits] = /^v([1-9]\d{0,8})$/.exec(versionId) ?? []
  if (digits === undefined) return undefined
  const ofAws = awsManagedPolicy(arn)
  if (ofAws === undefined) return store.findPolicyVersion(arn, Number(digits))
  return digits === '1' ? versionOfAws(ofAws) : undefined
}

function versionOfAws({ arn, document, createdAt }: StoredManagedPolicy & { document: string }): StoredPolicyVersion {
  return { policyArn: arn, version: 1, document, createdAt }
}

/** Newest first. */
export async function listVersions(store: IdentityReader, arn: string): Promise<readonly StoredPolicyVersion[]> {
  const ofAws = awsManagedPolicy(arn)
  return ofAws === undefined ? store.listPolicyVersions(arn) : [versionOfAws(ofAws)]
}

/** A version as lists show it. */
export function versionEntry({ version, createdAt }: StoredPolicyVersion, { defaultVersion }: StoredManagedPolicy) {
  return { VersionId: `v${version}`, IsDefaultVersion: version === defaultVersion, CreateDate: dateTime(createdAt) }
}

export function versionAnswer(version: StoredPolicyVersion, policy: StoredManagedPolicy) {
  return { Document: percentEncoded(version.document), ...versionEntry(version, policy) }
}

export interface PolicyCounts {
  readonly attachments: number
  readonly boundaries: number
}

export const NOT_USED: PolicyCounts = { attachments: 0, boundaries: 0 }

/** How often the account uses a policy. */
export async function countUses(store: IdentityReader, account: string, arn: string): Promise<PolicyCounts> {
  const attachments = await store.listAttachmentsOfPolicy(account, arn)
  const boundaries = await store.listBoundaryUses(account, arn)
  return { attachments: attachments.length, boundaries: boundaries.length }
}

/** A policy as lists show it: without tags and description. */
export function policyEntry(policy: StoredManagedPolicy, { attachments, boundaries }: PolicyCounts) {
  return {
    PolicyName: policy.policyName,
    PolicyId: policy.policyId,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: `v${policy.defaultVersion}`,
    AttachmentCount: attachments,
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    CreateDate: dateTime(policy.createdAt),
    UpdateDate: dateTime(policy.updatedAt),
  }
}

export function policyAnswer(policy: StoredManagedPolicy, counts: PolicyCounts) {
  const { description } = policy
  return { ...policyEntry(policy, counts), Description: description, Tags: toIamTags(policy.tags) }
}
