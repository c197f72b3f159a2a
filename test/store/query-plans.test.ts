/** A store of a million keys works like one of ten: every query finds its rows by an index. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { Key } from '../../src/domain/keys/key.ts'
import { RESTING_TOKEN_KINDS } from '../../src/domain/resealing/resting-token.ts'
import type { Store } from '../../src/domain/store.ts'
import { exampleGroup, exampleRole, exampleUser } from '../contract/store/entities.ts'
import { exampleAlias, exampleKey, exampleMaterial } from '../contract/store/examples.ts'
import { exampleGrant } from '../contract/store/grants.ts'
import { examplePolicy, exampleProvider } from '../contract/store/identity-policies.ts'
import { fileFixture } from './sqlite-fixtures.ts'

/** Small for good, or read from one end and no further than needed. */
const MAY_BE_SCANNED =
  /^SCAN (accounts USING COVERING INDEX \w+|changes_pruned|audit_outbox|event_outbox|changes|domain_keys USING INDEX domain_keys_by_age|deletion_alarms USING INDEX deletion_alarms_(by_last_call|to_announce))$/

/** Calls everything that the store can do. */
async function doEverything(store: Store): Promise<void> {
  const key = exampleKey()
  const { account, region } = key
  const material = exampleMaterial(key)
  const alias = exampleAlias(key)
  const grant = exampleGrant(key, { retiring: 'AROAR', retryDigest: 'd' })
  const page = { after: undefined, limit: 10 }
  const token = Buffer.alloc(1)
  await store.change(async (change) => {
    await change.insertKey(key, [material])
    await change.updateKey(key)
    await change.updateMaterial(material)
    const other = exampleMaterial(key)
    await change.insertMaterial(other)
    await change.deleteMaterial(other)
    await change.insertAlias(alias)
    await change.updateAlias(alias)
    await change.insertGrant(grant)
    await change.insertDomainKey({ id: 'd', rootKeyId: 'r', wrapped: token, createdAt: 0 })
    await change.rewrapDomainKey('d', 'other', token)
    await change.setDomainKeyUnused('d', 1)
    await change.deleteDomainKey('d')
    await change.insertAccount(account, 0)
    await change.recordAudit({ eventId: 'e', node: 'node-1', line: '{}' })
  })
  await store.findKey(key)
  await store.findKeyByMaterial(region, material.materialId)
  await store.findMaterial(region, material.materialId)
  await store.listMaterials(key, page, 'all')
  await store.listMaterials(key, { ...page, after: material.materialId }, 'rotated')
  await store.saveUses([{ ...key, operation: 'Encrypt', time: 1, eventId: 'e', requestId: 'r' }])
  await store.findLastUsage(key)
  await store.lastUsageTrackedSince()
  await noteRefusedCalls(store, key)
  await store.findAlias(alias)
  await store.listKeys(account, region, page, 0)
  await store.listAliases(account, region, undefined, page, 0)
  await store.listAliases(account, region, key.keyId, page, 0)
  await store.countKeys(account, region)
  await store.countAliases(key)
  await store.findGrant(grant)
  await store.findGrants(key, ['AIDAG', 'AROAG'])
  await store.findGrantByRetryDigest(key, 'd')
  await store.hasGrants(key)
  await store.countGrants(key)
  await store.listGrants(key, page, {})
  await store.listGrants(key, page, { grantee: 'AIDAG' })
  await store.listGrants(key, page, { grantId: grant.grantId })
  await store.listRetirableGrants(region, 'AROAR', page, 0)
  await store.findDomainKey('d')
  await store.newestDomainKey()
  await store.listDomainKeys()
  for (const kind of RESTING_TOKEN_KINDS) await store.restingTokens(kind, undefined, 10)
  const resting = { kind: 'key material', region, materialId: material.materialId, token: material.token! } as const
  assert.equal(await store.change((change) => change.replaceToken(resting, token)), true)
  await store.changesAfter(await store.changesPosition())
  await store.eventsToSend(10)
  await store.eventSent(1)
  await store.pendingAuditRecords()
  await store.auditRecordsWritten(['e'])
  await store.keysToErase(0, 10)
  await store.keysToRotate(0, 10)
  await store.expiredMaterials(0, 10)
  await store.acquireLease('l', 'node-1', 0, 1)
  await store.pruneChanges(systemClock.now() + 1)
  await doEverythingWithIdentities(store, account)
  await store.change((change) => change.deleteAlias(alias))
  await store.change((change) => change.deleteGrant(grant))
  await store.change((change) => change.eraseKey(key))
}

async function noteRefusedCalls(store: Store, key: Key): Promise<void> {
  const ids = { eventId: 'e', requestId: 'r', principal: 'p', sourceIp: 's' }
  const calls = { ...key, count: 1, firstAt: 1, last: { operation: 'Encrypt', time: 1, ...ids } }
  await store.change((change) => change.updateKey({ ...key, deletion: { windowInDays: 7, date: 2 } }))
  await store.addRefusedCalls([calls])
  await store.addRefusedCalls([calls])
  await store.newestDeletionAlarms(10)
  await store.deletionAlarmsToAnnounce(0, 10)
  await store.deletionAlarmAnnounced(key, 1, 0)
  await store.change((change) => change.deleteDeletionAlarm(key))
}

async function doEverythingWithIdentities(store: Store, account: string): Promise<void> {
  const [user, role, group] = [exampleUser(account, 'u'), exampleRole(account, 'r'), exampleGroup(account, 'g')]
  const accessKey = { accessKeyId: 'AKIAU', account, userName: 'u', active: true, token: Buffer.alloc(1), createdAt: 0 }
  const policy = examplePolicy(account, 'p')
  const policyArn = policy.arn
  const version = { policyArn, version: 2, document: '', createdAt: 0 }
  const inline = { account, ownerId: user.userId, policyName: 'p', document: '' }
  const attachment = { account, ownerKind: 'user' as const, ownerId: user.userId, policyArn }
  const provider = exampleProvider(account, 'host')
  await store.change(async (change) => {
    await change.setAccountAlias(account, 'alias')
    await change.insertUser(user)
    await change.updateUser(user)
    await change.insertRole(role)
    await change.updateRole(role)
    await change.insertGroup(group)
    await change.updateGroup(group)
    await change.insertAccessKey(accessKey)
    await change.updateAccessKey(accessKey)
    await change.addUserToGroup(user, group)
    await change.insertManagedPolicy(policy, '')
    await change.updateManagedPolicy(policy)
    await change.insertPolicyVersion(account, version)
    await change.putInlinePolicy(inline)
    await change.attachPolicy(attachment)
    await change.insertOidcProvider(provider)
    await change.updateOidcProvider(provider)
  })
  await store.change((change) => change.revokeSession({ accessKeyId: 'ASIAU', account, revokedAt: 0, expiresAt: 1 }))
  await store.isSessionRevoked('ASIAU')
  await store.listRevokedSessions({ after: undefined, limit: 10 }, 0)
  await store.listRevokedSessions({ after: 'ASIAU', limit: 10 }, 0)
  await store.pruneRevokedSessions(0)
  await store.saveAccessKeyUses([{ accessKeyId: 'AKIAU', usedAt: 0, service: 'kms', region: 'r' }])
  const names = { pathPrefix: '/', after: undefined, limit: 10 }
  await store.listAccounts()
  await store.hasAccount(account)
  await store.accountAlias(account)
  await store.findAccountByAlias('alias')
  await store.countEntities(account)
  await store.findCredential('AKIAU')
  await store.listAccessKeys(account, 'u')
  await store.listAccessKeys(account, undefined)
  await store.findAccessKeyUse('AKIAU')
  await store.findUser(account, 'u')
  await store.findUserById(user.userId)
  await store.listUsers(account, names)
  await store.findRole(account, 'r')
  await store.findRoleById(role.roleId)
  await store.listRoles(account, names)
  await store.findGroup(account, 'g')
  await store.findGroupById(group.groupId)
  await store.listGroups(account, names)
  await store.listGroupsOfUser(user.userId)
  await store.listUsersOfGroup(group.groupId, names)
  await store.findManagedPolicy(policyArn)
  await store.findManagedPolicyByName(account, 'p')
  await store.listManagedPolicies(account, names)
  await store.findPolicyVersion(policyArn, 1)
  await store.listPolicyVersions(policyArn)
  await store.findInlinePolicy(user.userId, 'p')
  await store.listInlinePolicies(user.userId)
  await store.listAttachments(user.userId)
  await store.listAttachmentsOfPolicy(account, policyArn)
  await store.listBoundaryUses(account, policyArn)
  await store.findOidcProvider(provider.arn)
  await store.listOidcProviders(account)
  await store.change(async (change) => {
    await change.deleteAccessKey('AKIAU')
    await change.removeUserFromGroup(user, group)
    await change.deleteUser(user)
    await change.deleteRole(role)
    await change.deleteGroup(group)
    await change.deletePolicyVersion(account, policyArn, 2)
    await change.deleteManagedPolicy(policy)
    await change.deleteInlinePolicy(inline)
    await change.detachPolicy(attachment)
    await change.deleteOidcProvider(provider)
  })
}

/** The SQL of every statement that `work` prepares. */
async function preparedBy(work: () => Promise<void>): Promise<Set<string>> {
  const prepared = new Set<string>()
  const { prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.prepare = function (text: string) {
    prepared.add(text)
    return prepare.call(this, text)
  }
  try {
    await work()
  } finally {
    DatabaseSync.prototype.prepare = prepare
  }
  return prepared
}

describe('queries', () => {
  test('never scan what grows with the number of keys, and never sort', async () => {
    const fixture = await fileFixture()
    const store = await fixture.open('node-1', systemClock)
    const statements = await preparedBy(() => doEverything(store))
    const queries = [...statements].filter((text) => /^(select|update|delete|insert)/i.test(text))
    assert.ok(queries.length > 30, `only ${queries.length} queries were seen`)
    const file = new DatabaseSync(fixture.path)
    let steps = 0
    for (const query of queries) {
      const parameters = Array(query.split('?').length - 1).fill(null)
      for (const row of file.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...parameters)) {
        const step = String(row.detail)
        steps++
        const isAllowed = !step.startsWith('SCAN') || MAY_BE_SCANNED.test(step)
        assert.ok(isAllowed && !step.includes('TEMP B-TREE') && !step.includes('AUTOMATIC'), `${step}: ${query}`)
      }
    }
    assert.ok(steps > 20, `only ${steps} steps were explained`)
    file.close()
    await store.close()
    await fixture.remove()
  })

  test('that are read again are not prepared again', async () => {
    const fixture = await fileFixture()
    const store = await fixture.open('node-1', systemClock)
    const key = exampleKey()
    await store.findKey(key)
    const again = await preparedBy(async () => {
      for (let time = 0; time < 10; time++) await store.findKey(key)
    })
    assert.deepEqual(again, new Set())
    await store.close()
    await fixture.remove()
  })
})
