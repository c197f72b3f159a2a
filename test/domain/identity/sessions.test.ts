/** Session tokens (authorization.md 6.7): what they hold, whom they belong to, what becomes of altered ones. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { createRandomSource } from '../../../src/crypto/random.ts'
import { localRootKey } from '../../../src/crypto/root-key/local-root-key.ts'
import type { StoredRole } from '../../../src/domain/identity/entities.ts'
import { accountOfAccessKeyId } from '../../../src/domain/identity/identifiers.ts'
import { openSessionToken, packedSizePercent, sealSessionToken } from '../../../src/domain/identity/session-token.ts'
import { createSessions, type Sessions } from '../../../src/domain/identity/sessions.ts'
import { createDomainKeys } from '../../../src/domain/keys/domain-keys.ts'
import type { Session } from '../../../src/domain/principal.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { ACCOUNT, createHarness, type Harness, START_TIME, userOf } from '../../support/harness.ts'
import { createTestClock } from '../../support/test-clock.ts'

let harness: Harness
let sessions: Sessions

const role: StoredRole = {
  account: ACCOUNT,
  path: '/app/',
  roleName: 'ci',
  roleId: 'AROAEXAMPLEEXAMPLE001',
  createdAt: START_TIME,
  description: undefined,
  maxSessionSeconds: 3600,
  trustPolicy: '{"Version":"2012-10-17","Statement":[]}',
  tags: [],
  boundaryArn: undefined,
}

const PLAIN: Session = {
  issuedAt: START_TIME,
  expiresAt: START_TIME + 3_600_000,
  name: 'build-42',
  tags: [],
  transitiveTagKeys: [],
  chainDepth: 0,
  policyArns: [],
}

/** Everything that a session can hold. */
const FULL: Session = {
  ...PLAIN,
  mfaAuthenticatedAt: START_TIME - 1000,
  sourceIdentity: 'alice',
  tags: [
    { key: 'Team', value: 'Einkauf & Größe' },
    { key: 'empty', value: '' },
  ],
  transitiveTagKeys: ['Team'],
  chainDepth: 2,
  federatedProvider: `arn:aws:iam::${ACCOUNT}:oidc-provider/id.example/tenant`,
  policyText: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}',
  policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
}

before(async () => {
  harness = await createHarness()
  const { service, store } = harness
  sessions = createSessions({ store, domainKeys: service.domainKeys, random: service.random })
  await store.change((change) => change.insertRole(role))
})

after(() => harness.close())

test("a role's session is found with everything that was put into it", async () => {
  const issued = await sessions.issue({ kind: 'role', role }, FULL)
  assert.match(issued.accessKeyId, /^ASIA[A-Z2-7]{16}$/)
  assert.equal(accountOfAccessKeyId(issued.accessKeyId), ACCOUNT)
  assert.match(issued.secretAccessKey, /^[A-Za-z0-9+/]{40}$/)
  assert.equal(issued.expiresAt, FULL.expiresAt)
  const found = await sessions.find(issued.accessKeyId, issued.sessionToken)
  assert.deepEqual(found, {
    principal: {
      type: 'AssumedRole',
      account: ACCOUNT,
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/ci/build-42`,
      principalId: 'AROAEXAMPLEEXAMPLE001:build-42',
      entityId: 'AROAEXAMPLEEXAMPLE001',
      principalArn: `arn:aws:iam::${ACCOUNT}:role/app/ci`,
      accessKeyId: issued.accessKeyId,
      session: { ...FULL, roleName: 'ci' },
    },
    expiresAt: FULL.expiresAt,
  })
  assert.deepEqual(found.principal, issued.principal)
  const secret = await sessions.openSecret(issued.accessKeyId, issued.sessionToken)
  assert.equal(secret.toString(), issued.secretAccessKey)
})

test('what is absent stays absent', async () => {
  const { accessKeyId, sessionToken } = await sessions.issue({ kind: 'role', role }, PLAIN)
  const { session } = (await sessions.find(accessKeyId, sessionToken))!.principal!
  assert.deepEqual(session, { ...PLAIN, roleName: 'ci' })
})

test("a user's own session is the user, a federated user's is vouched for by him", async () => {
  const caller = userOf(ACCOUNT)
  const own = (await sessions.issue({ kind: 'caller', caller }, { ...PLAIN, name: '' })).principal
  const { accessKeyId: _longTerm, ...same } = caller
  const { accessKeyId: _temporary, session, ...principal } = own
  assert.deepEqual(principal, same)
  assert.equal(session!.name, '')

  const federated = (await sessions.issue({ kind: 'federated user', caller }, { ...PLAIN, name: 'bob' })).principal
  assert.equal(federated.type, 'FederatedUser')
  assert.equal(federated.arn, `arn:aws:sts::${ACCOUNT}:federated-user/bob`)
  assert.equal(federated.principalId, `${ACCOUNT}:bob`)
  assert.equal(federated.entityId, caller.entityId)
  assert.equal(federated.principalArn, federated.arn)
  assert.equal(federated.userName, undefined)
  assert.deepEqual(federated.session!.issuer, { userName: 'alice', arn: caller.arn })
})

test("the root's sessions are the root's as long as there is the account", async () => {
  const arn = `arn:aws:iam::${ACCOUNT}:root`
  const root = {
    type: 'Root',
    account: ACCOUNT,
    arn,
    principalId: ACCOUNT,
    entityId: ACCOUNT,
    principalArn: arn,
  } as const
  const own = await sessions.issue({ kind: 'caller', caller: { ...root, accessKeyId: 'AKIAROOT' } }, PLAIN)
  const { type, arn: found } = (await sessions.find(own.accessKeyId, own.sessionToken))!.principal!
  assert.deepEqual([type, found], ['Root', arn])
  const account = '999999999999'
  const stranger = { ...root, account, entityId: account, principalId: account, accessKeyId: 'AKIAROOT' }
  await assert.rejects(sessions.issue({ kind: 'caller', caller: stranger }, PLAIN), {
    code: 'UnrecognizedClientException',
  })
})

test('a session of a role or user that is gone has no principal, also when another has its name', async () => {
  const gone = { ...role, roleName: 'gone', roleId: 'AROAEXAMPLEEXAMPLE002' }
  await harness.store.change((change) => change.insertRole(gone))
  const { accessKeyId, sessionToken } = await sessions.issue({ kind: 'role', role: gone }, PLAIN)
  await harness.store.change((change) => change.deleteRole(gone))
  assert.deepEqual(await sessions.find(accessKeyId, sessionToken), { principal: undefined, expiresAt: PLAIN.expiresAt })
  await harness.store.change((change) => change.insertRole({ ...gone, roleId: 'AROAEXAMPLEEXAMPLE003' }))
  assert.equal((await sessions.find(accessKeyId, sessionToken))!.principal, undefined)
})

test('a token opens with its own access key only', async () => {
  const first = await sessions.issue({ kind: 'role', role }, PLAIN)
  const second = await sessions.issue({ kind: 'role', role }, PLAIN)
  assert.equal(await sessions.find(second.accessKeyId, first.sessionToken), undefined)
  assert.equal(await sessions.find(first.accessKeyId.toLowerCase(), first.sessionToken), undefined)
  assert.equal(await sessions.find('', first.sessionToken), undefined)
})

test('no bit of a token can be changed, and it has one spelling', async () => {
  const { accessKeyId, sessionToken } = await sessions.issue({ kind: 'role', role }, PLAIN)
  const bytes = Buffer.from(sessionToken, 'base64')
  for (let index = 0; index < bytes.length; index++) {
    const altered = Buffer.from(bytes)
    altered[index]! ^= 1 << (index % 8)
    assert.equal(await sessions.find(accessKeyId, altered.toString('base64')), undefined, `byte ${index}`)
  }
  const others = [
    '',
    ' ',
    'AAAA',
    sessionToken.slice(0, -4),
    `${sessionToken}AAAA`,
    `${sessionToken} `,
    ` ${sessionToken}`,
    sessionToken.replaceAll('+', '-').replaceAll('/', '_').replace(/=*$/, '*'),
    `${sessionToken.slice(0, 40)}\n${sessionToken.slice(40)}`,
    'A'.repeat(4_096),
    'A'.repeat(1_000_000),
    '\u0000',
  ]
  for (const token of others) assert.equal(await sessions.find(accessKeyId, token), undefined, token.slice(0, 60))
})

test('random text is no token', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.base64String({ maxLength: 200 }), fc.string({ maxLength: 200 })), async (token) => {
      assert.equal(await sessions.find('ASIAEXAMPLEEXAMPLE01', token), undefined)
    }),
  )
})

test('whatever fits into a session comes out of its token, which is never longer than 4,096 characters', async () => {
  const { domainKeys } = harness.service
  const text = fc.string({ maxLength: 256, unit: 'binary' }).map((value) => value.toWellFormed())
  const session = fc.record({
    name: fc.stringMatching(/^[\w+=,.@-]{2,64}$/),
    sourceIdentity: fc.stringMatching(/^[\w+=,.@-]{2,64}$/),
    federatedProvider: fc.stringMatching(/^[a-z./]{20,300}$/),
    tags: fc.array(
      fc.tuple(text, text).map(([key, value]) => ({ key, value })),
      { maxLength: 50 },
    ),
    policyText: fc.string({ maxLength: 2_048 }),
  })
  let fitting = 0
  await fc.assert(
    fc.asyncProperty(session, async (parts) => {
      const whole: Session = { ...FULL, ...parts, transitiveTagKeys: parts.tags.map(({ key }) => key) }
      if (packedSizePercent(whole) > 100) return
      fitting++
      const content = { kind: 'role', account: ACCOUNT, entityId: role.roleId, session: whole } as const
      const token = await sealSessionToken(domainKeys, 'ASIAX', { ...content, secret: randomBytes(30) })
      assert.ok(token.length <= 4_096, String(token.length))
      const opened = await openSessionToken(domainKeys, 'ASIAX', token)
      assert.deepEqual({ ...opened, secret: undefined }, { ...content, secret: undefined })
    }),
  )
  assert.ok(fitting > 0)
})

test('the size of policies and tags is told in percent of what a token can hold', () => {
  assert.equal(packedSizePercent(PLAIN), 0)
  assert.equal(packedSizePercent({ ...PLAIN, sourceIdentity: 'alice' }), 0)
  const small = packedSizePercent({ ...PLAIN, tags: [{ key: 'a', value: 'b' }] })
  assert.ok(small > 0 && small < 5, String(small))
  const tags = Array.from({ length: 50 }, () => ({
    key: randomBytes(48).toString('base64'),
    value: randomBytes(96).toString('base64'),
  }))
  assert.ok(packedSizePercent({ ...PLAIN, tags }) > 100)
})

test('a session that one node issued is known to every other at once, and to no other installation', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-sessions-'))
  const random = createRandomSource()
  const clock = createTestClock(START_TIME)
  const root = localRootKey(random.keyBytes(32))
  const path = join(folder, 'store.db')
  const stores = [await openSqliteStore({ path, node: 'a', clock }), await openSqliteStore({ path, node: 'b', clock })]
  try {
    const [here, there] = stores.map((store) =>
      createSessions({ store, domainKeys: createDomainKeys(store, root, clock, random), random }),
    ) as [Sessions, Sessions]
    await stores[0]!.change(async (change) => {
      await change.insertAccount(ACCOUNT, START_TIME)
      await change.insertRole(role)
    })
    const { accessKeyId, sessionToken, principal } = await here.issue({ kind: 'role', role }, FULL)
    assert.deepEqual((await there.find(accessKeyId, sessionToken))!.principal, principal)
    assert.equal(await sessions.find(accessKeyId, sessionToken), undefined)
  } finally {
    for (const store of stores) await store.close()
    rmSync(folder, { recursive: true })
  }
})
