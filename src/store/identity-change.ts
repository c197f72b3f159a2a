/** The writes of `domain/identity/identity-store.ts`, each of which notes what it touched. */
import type { StoredUser } from '../domain/identity/entities.ts'
import type { IdentityChange } from '../domain/identity/identity-store.ts'
import type { ChangeNotice } from '../domain/store.ts'
import { accessKeyIdsOf, deleteAccessKey, insertAccessKey, updateAccessKey } from './access-keys.ts'
import { insertAccount, setAccountAlias } from './accounts.ts'
import { attachPolicy, detachPolicy } from './attached-policies.ts'
import type { Db } from './dialects/store-database.ts'
import { addMember, deleteGroup, insertGroup, removeMember, updateGroup } from './groups.ts'
import { deleteInlinePolicy, putInlinePolicy } from './inline-policies.ts'
import { deleteManagedPolicy, insertManagedPolicy, updateManagedPolicy } from './managed-policies.ts'
import { deleteOidcProvider, insertOidcProvider, updateOidcProvider } from './oidc-providers.ts'
import { deletePolicyVersion, deletePolicyVersions, insertPolicyVersion } from './policy-versions.ts'
import { deleteRole, insertRole, updateRole } from './roles.ts'
import {
  deleteService,
  deleteServiceAccessKey,
  insertService,
  insertServiceAccessKey,
  listServiceAccessKeys,
  setServiceAccessKeyActive,
} from './services.ts'
import { deleteUser, insertUser, updateUser } from './users.ts'

export function createIdentityChange(
  db: Db,
  touch: (kind: ChangeNotice['kind'], subject: string) => void,
): IdentityChange {
  /** A write of one account. */
  async function noting(account: string, write: Promise<void>): Promise<void> {
    await write
    touch('identity', account)
  }

  /** What is known by an access key tells of its user: his name, his path, that he is there. */
  async function touchAccessKeysOf({ userId }: StoredUser): Promise<void> {
    for (const accessKeyId of await accessKeyIdsOf(db, userId)) touch('access-key', accessKeyId)
  }

  return {
    insertAccount: (account, createdAt) => noting(account, insertAccount(db, account, createdAt)),
    setAccountAlias: (account, alias) => noting(account, setAccountAlias(db, account, alias)),

    async insertAccessKey(accessKey) {
      await noting(accessKey.account, insertAccessKey(db, accessKey))
      touch('access-key', accessKey.accessKeyId)
    },
    async updateAccessKey(accessKey) {
      await noting(accessKey.account, updateAccessKey(db, accessKey))
      touch('access-key', accessKey.accessKeyId)
    },
    async deleteAccessKey(accessKeyId) {
      const account = await deleteAccessKey(db, accessKeyId)
      if (account === undefined) return
      touch('identity', account)
      touch('access-key', accessKeyId)
    },

    insertService: (service) => insertService(db, service),
    async deleteService(name) {
      for (const { accessKeyId } of await listServiceAccessKeys(db, name)) {
        await deleteServiceAccessKey(db, accessKeyId)
        touch('access-key', accessKeyId)
      }
      await deleteService(db, name)
    },
    async insertServiceAccessKey(accessKey) {
      await insertServiceAccessKey(db, accessKey)
      touch('access-key', accessKey.accessKeyId)
    },
    async setServiceAccessKeyActive(accessKeyId, active) {
      await setServiceAccessKeyActive(db, accessKeyId, active)
      touch('access-key', accessKeyId)
    },
    async deleteServiceAccessKey(accessKeyId) {
      await deleteServiceAccessKey(db, accessKeyId)
      touch('access-key', accessKeyId)
    },

    insertUser: (user) => noting(user.account, insertUser(db, user)),
    async updateUser(user) {
      await noting(user.account, updateUser(db, user))
      await touchAccessKeysOf(user)
    },
    async deleteUser(user) {
      await touchAccessKeysOf(user)
      await noting(user.account, deleteUser(db, user.userId))
    },
    insertRole: (role) => noting(role.account, insertRole(db, role)),
    updateRole: (role) => noting(role.account, updateRole(db, role)),
    deleteRole: (role) => noting(role.account, deleteRole(db, role.roleId)),
    insertGroup: (group) => noting(group.account, insertGroup(db, group)),
    updateGroup: (group) => noting(group.account, updateGroup(db, group)),
    deleteGroup: (group) => noting(group.account, deleteGroup(db, group.groupId)),
    addUserToGroup: (user, group) => noting(user.account, addMember(db, group.groupId, user.userId)),
    removeUserFromGroup: (user, group) => noting(user.account, removeMember(db, group.groupId, user.userId)),

    async insertManagedPolicy(policy, document) {
      const { account, arn: policyArn, newestVersion: version, createdAt } = policy
      await noting(account, insertManagedPolicy(db, policy))
      await insertPolicyVersion(db, { policyArn, version, document, createdAt })
    },
    updateManagedPolicy: (policy) => noting(policy.account, updateManagedPolicy(db, policy)),
    async deleteManagedPolicy({ account, arn }) {
      await deletePolicyVersions(db, arn)
      await noting(account, deleteManagedPolicy(db, arn))
    },
    insertPolicyVersion: (account, version) => noting(account, insertPolicyVersion(db, version)),
    deletePolicyVersion: (account, policyArn, version) => noting(account, deletePolicyVersion(db, policyArn, version)),
    putInlinePolicy: (policy) => noting(policy.account, putInlinePolicy(db, policy)),
    deleteInlinePolicy: ({ account, ownerId, policyName }) =>
      noting(account, deleteInlinePolicy(db, ownerId, policyName)),
    attachPolicy: (attachment) => noting(attachment.account, attachPolicy(db, attachment)),
    detachPolicy: ({ account, ownerId, policyArn }) => noting(account, detachPolicy(db, ownerId, policyArn)),

    insertOidcProvider: (provider) => noting(provider.account, insertOidcProvider(db, provider)),
    updateOidcProvider: (provider) => noting(provider.account, updateOidcProvider(db, provider)),
    deleteOidcProvider: ({ account, arn }) => noting(account, deleteOidcProvider(db, arn)),
  }
}
