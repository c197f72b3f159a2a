/**
 * Which permission on which resource each operation of IAM needs: authorization.md 6.6, and the API reference where an
 * operation needs two. Nothing here is read from our own declarations.
 */
import { ACCOUNT } from '../../support/harness.ts'
import { iamArn, policyDocument, TRUST_POLICY } from './support.ts'

/** What an operation is about; `account`: about nothing that has a name, `*` in policies. */
export type Kind = 'user' | 'role' | 'group' | 'policy' | 'oidc-provider' | 'account'

/** An entity made for one row, below the path `/team/` where it can have a path. */
export interface Subject {
  /** Different for each. */
  readonly id: string
  readonly arn: string
  /** Names it in requests: `{ UserName: … }`. */
  readonly named: Readonly<Record<string, string>>
  /** Calls an operation as the administrator. */
  admin(operation: string, body: object): Promise<Readonly<Record<string, unknown>>>
}

export interface Row {
  readonly on: Kind
  /** Members of the request besides the name of the subject. */
  readonly body?: (subject: Subject) => object
  /** What must be there; its result joins the body. */
  readonly before?: (subject: Subject) => Promise<object | undefined>
  /** The request does not name the subject in the usual way: `body` says it all. */
  readonly isNamedByBody?: boolean
  /** Makes the entity: the subject is not there yet. */
  readonly makes?: boolean
  /** Permissions beyond the operation's own on the subject. */
  readonly others?: (subject: Subject) => readonly { readonly permission: string; readonly arn: string }[]
  /** The error of a caller who is allowed. */
  readonly fails?: string
}

const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
const DOCUMENT = policyDocument({ Action: 'iam:GetUser', Resource: '*' })
const TAGS = [{ Key: 'k', Value: 'v' }]
const THUMBPRINT = 'a'.repeat(40)

const tags = { body: () => ({ Tags: TAGS }) }
const untag = { body: () => ({ TagKeys: ['k'] }) }

function inline(noun: 'User' | 'Role' | 'Group') {
  const on = noun.toLowerCase() as Kind
  const put = { PolicyName: 'p', PolicyDocument: DOCUMENT }
  const before = async ({ admin, named }: Subject) => {
    await admin(`Put${noun}Policy`, { ...named, ...put })
    return { PolicyName: 'p' }
  }
  return {
    [`Put${noun}Policy`]: { on, body: () => put },
    [`Get${noun}Policy`]: { on, before },
    [`Delete${noun}Policy`]: { on, before },
    [`List${noun}Policies`]: { on },
  }
}

function attached(noun: 'User' | 'Role' | 'Group') {
  const on = noun.toLowerCase() as Kind
  const body = () => ({ PolicyArn: READ_ONLY })
  const before = async ({ admin, named }: Subject) => {
    await admin(`Attach${noun}Policy`, { ...named, PolicyArn: READ_ONLY })
    return undefined
  }
  return {
    [`Attach${noun}Policy`]: { on, body },
    [`Detach${noun}Policy`]: { on, body, before },
    [`ListAttached${noun}Policies`]: { on },
  }
}

async function newAccessKey({ admin, named }: Subject) {
  const { AccessKey } = (await admin('CreateAccessKey', named)) as { AccessKey: { AccessKeyId: string } }
  return { AccessKeyId: AccessKey.AccessKeyId }
}

async function newMember({ admin, id }: Subject) {
  await admin('CreateUser', { UserName: `member-${id}` })
  return { UserName: `member-${id}` }
}

async function secondVersion({ admin, arn }: Subject) {
  await admin('CreatePolicyVersion', { PolicyArn: arn, PolicyDocument: DOCUMENT })
  return { VersionId: 'v2' }
}

async function boundary(noun: 'User' | 'Role', { admin, named }: Subject): Promise<undefined> {
  await admin(`Put${noun}PermissionsBoundary`, { ...named, PermissionsBoundary: READ_ONLY })
}

const boundaryBody = { body: () => ({ PermissionsBoundary: READ_ONLY }) }

const USERS: Readonly<Record<string, Row>> = {
  CreateUser: { on: 'user', makes: true, body: () => ({ Path: '/team/' }) },
  GetUser: { on: 'user' },
  UpdateUser: {
    on: 'user',
    body: ({ id }) => ({ NewUserName: `renamed-${id}` }),
    others: ({ id }) => [{ permission: 'iam:UpdateUser', arn: iamArn('user', `team/renamed-${id}`) }],
  },
  DeleteUser: { on: 'user' },
  TagUser: { on: 'user', ...tags },
  UntagUser: { on: 'user', ...untag },
  ListUserTags: { on: 'user' },
  PutUserPermissionsBoundary: { on: 'user', ...boundaryBody },
  DeleteUserPermissionsBoundary: { on: 'user', before: (subject) => boundary('User', subject) },
  CreateAccessKey: { on: 'user' },
  ListAccessKeys: { on: 'user' },
  UpdateAccessKey: { on: 'user', before: newAccessKey, body: () => ({ Status: 'Inactive' }) },
  DeleteAccessKey: { on: 'user', before: newAccessKey },
  GetAccessKeyLastUsed: { on: 'user', before: newAccessKey, isNamedByBody: true },
  ListGroupsForUser: { on: 'user' },
  ListMFADevices: { on: 'user' },
  ListSigningCertificates: { on: 'user' },
  ListSSHPublicKeys: { on: 'user' },
  ListServiceSpecificCredentials: { on: 'user' },
  GetLoginProfile: { on: 'user', fails: 'NoSuchEntity' },
  DeleteLoginProfile: { on: 'user', fails: 'NoSuchEntity' },
  GetContextKeysForPrincipalPolicy: {
    on: 'user',
    isNamedByBody: true,
    body: ({ arn }) => ({ PolicySourceArn: arn }),
  },
  SimulatePrincipalPolicy: {
    on: 'user',
    isNamedByBody: true,
    body: ({ arn }) => ({ PolicySourceArn: arn, ActionNames: ['iam:GetUser'] }),
  },
  ...inline('User'),
  ...attached('User'),
}

const ROLES: Readonly<Record<string, Row>> = {
  CreateRole: { on: 'role', makes: true, body: () => ({ Path: '/team/', AssumeRolePolicyDocument: TRUST_POLICY }) },
  GetRole: { on: 'role' },
  UpdateRole: { on: 'role', body: () => ({ MaxSessionDuration: 7200 }) },
  UpdateRoleDescription: { on: 'role', body: () => ({ Description: 'd' }) },
  UpdateAssumeRolePolicy: { on: 'role', body: () => ({ PolicyDocument: TRUST_POLICY }) },
  DeleteRole: { on: 'role' },
  TagRole: { on: 'role', ...tags },
  UntagRole: { on: 'role', ...untag },
  ListRoleTags: { on: 'role' },
  PutRolePermissionsBoundary: { on: 'role', ...boundaryBody },
  DeleteRolePermissionsBoundary: { on: 'role', before: (subject) => boundary('Role', subject) },
  ListInstanceProfilesForRole: { on: 'role' },
  ...inline('Role'),
  ...attached('Role'),
}

const GROUPS: Readonly<Record<string, Row>> = {
  CreateGroup: { on: 'group', makes: true, body: () => ({ Path: '/team/' }) },
  GetGroup: { on: 'group' },
  UpdateGroup: {
    on: 'group',
    body: ({ id }) => ({ NewGroupName: `renamed-${id}` }),
    others: ({ id }) => [{ permission: 'iam:UpdateGroup', arn: iamArn('group', `team/renamed-${id}`) }],
  },
  DeleteGroup: { on: 'group' },
  AddUserToGroup: { on: 'group', before: newMember },
  RemoveUserFromGroup: { on: 'group', before: newMember },
  ...inline('Group'),
  ...attached('Group'),
}

const POLICIES: Readonly<Record<string, Row>> = {
  CreatePolicy: {
    on: 'policy',
    makes: true,
    isNamedByBody: true,
    body: ({ id }) => ({ PolicyName: `subject-${id}`, Path: '/team/', PolicyDocument: DOCUMENT }),
  },
  GetPolicy: { on: 'policy' },
  DeletePolicy: { on: 'policy' },
  CreatePolicyVersion: { on: 'policy', body: () => ({ PolicyDocument: DOCUMENT }) },
  GetPolicyVersion: { on: 'policy', body: () => ({ VersionId: 'v1' }) },
  ListPolicyVersions: { on: 'policy' },
  SetDefaultPolicyVersion: { on: 'policy', before: secondVersion },
  DeletePolicyVersion: { on: 'policy', before: secondVersion },
  ListEntitiesForPolicy: { on: 'policy' },
  TagPolicy: { on: 'policy', ...tags },
  UntagPolicy: { on: 'policy', ...untag },
  ListPolicyTags: { on: 'policy' },
}

const PROVIDERS: Readonly<Record<string, Row>> = {
  CreateOpenIDConnectProvider: {
    on: 'oidc-provider',
    makes: true,
    isNamedByBody: true,
    body: ({ id }) => ({ Url: `https://subject-${id}.example.com/team`, ThumbprintList: [THUMBPRINT] }),
  },
  GetOpenIDConnectProvider: { on: 'oidc-provider' },
  DeleteOpenIDConnectProvider: { on: 'oidc-provider' },
  AddClientIDToOpenIDConnectProvider: { on: 'oidc-provider', body: () => ({ ClientID: 'c' }) },
  RemoveClientIDFromOpenIDConnectProvider: { on: 'oidc-provider', body: () => ({ ClientID: 'c' }) },
  UpdateOpenIDConnectProviderThumbprint: { on: 'oidc-provider', body: () => ({ ThumbprintList: [THUMBPRINT] }) },
  TagOpenIDConnectProvider: { on: 'oidc-provider', ...tags },
  UntagOpenIDConnectProvider: { on: 'oidc-provider', ...untag },
  ListOpenIDConnectProviderTags: { on: 'oidc-provider' },
}

const account: Row = { on: 'account' }

const ACCOUNT_ROWS: Readonly<Record<string, Row>> = {
  ListUsers: account,
  ListRoles: account,
  ListGroups: account,
  ListPolicies: account,
  ListOpenIDConnectProviders: account,
  ListVirtualMFADevices: account,
  ListInstanceProfiles: account,
  ListServerCertificates: account,
  ListSAMLProviders: account,
  GetAccountPasswordPolicy: { on: 'account', fails: 'NoSuchEntity' },
  GetContextKeysForCustomPolicy: { on: 'account', body: () => ({ PolicyInputList: [DOCUMENT] }) },
  ListAccountAliases: account,
  GetAccountSummary: account,
  GetAccountAuthorizationDetails: account,
  CreateAccountAlias: { on: 'account', body: ({ id }) => ({ AccountAlias: `alias-${id}` }) },
  DeleteAccountAlias: {
    on: 'account',
    async before({ admin, id }) {
      await admin('CreateAccountAlias', { AccountAlias: `alias-${id}` })
      return { AccountAlias: `alias-${id}` }
    },
  },
  SimulateCustomPolicy: {
    on: 'account',
    body: () => ({ PolicyInputList: [DOCUMENT], ActionNames: ['iam:GetUser'] }),
  },
}

export const PERMISSION_TABLE: Readonly<Record<string, Row>> = {
  ...USERS,
  ...ROLES,
  ...GROUPS,
  ...POLICIES,
  ...PROVIDERS,
  ...ACCOUNT_ROWS,
}

/** Operations that make something with tags need the permission to tag it, too. */
export const TAG_PERMISSIONS: Readonly<Record<string, string>> = {
  CreateUser: 'iam:TagUser',
  CreateRole: 'iam:TagRole',
  CreatePolicy: 'iam:TagPolicy',
  CreateOpenIDConnectProvider: 'iam:TagOpenIDConnectProvider',
}

interface Made {
  readonly arn: string
  readonly named: Readonly<Record<string, string>>
  /** Operation and body that make it. */
  readonly make: readonly [operation: string, body: object] | undefined
}

/** Where an entity is, and how it is named and made. */
export function subjectOf(kind: Kind, id: string): Made {
  const name = `subject-${id}`
  switch (kind) {
    case 'user':
      return made('user', 'UserName', name, 'CreateUser', {})
    case 'role':
      return made('role', 'RoleName', name, 'CreateRole', { AssumeRolePolicyDocument: TRUST_POLICY })
    case 'group':
      return made('group', 'GroupName', name, 'CreateGroup', {})
    case 'policy': {
      const arn = iamArn('policy', `team/${name}`)
      const body = { PolicyName: name, Path: '/team/', PolicyDocument: DOCUMENT }
      return { arn, named: { PolicyArn: arn }, make: ['CreatePolicy', body] }
    }
    case 'oidc-provider': {
      const arn = `arn:aws:iam::${ACCOUNT}:oidc-provider/${name}.example.com/team`
      const body = { Url: `https://${name}.example.com/team`, ThumbprintList: [THUMBPRINT] }
      return { arn, named: { OpenIDConnectProviderArn: arn }, make: ['CreateOpenIDConnectProvider', body] }
    }
    case 'account':
      return { arn: '*', named: {}, make: undefined }
  }
}

function made(kind: 'user' | 'role' | 'group', member: string, name: string, operation: string, body: object): Made {
  const named = { [member]: name }
  return { arn: iamArn(kind, `team/${name}`), named, make: [operation, { ...named, Path: '/team/', ...body }] }
}
