/**
 * Domain keys are emptied and destroyed (lifecycle.md ENV-31), and nothing needs one that is gone: not what rests in the store, not
 * what a client holds, not what a node remembers.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createMemoryAuditLog } from '../../src/audit/memory-audit-log.ts'
import { silentLog } from '../../src/base/log.ts'
import { openSecretAccessKey } from '../../src/domain/identity/access-key-secret.ts'
import { makeServiceAccessKey, openServiceSecret } from '../../src/domain/identity/service-secrets.ts'
import { createSessions } from '../../src/domain/identity/sessions.ts'
import { createStoreSecrets } from '../../src/domain/key-stores/store-secrets.ts'
import { createDomainKeys } from '../../src/domain/keys/domain-keys.ts'
import { RESTING_TOKEN_KINDS } from '../../src/domain/resealing/resting-token.ts'
import { operationsOf } from '../../src/operations/index.ts'
import { createService } from '../../src/service.ts'
import {
  ACCOUNT,
  type Answer,
  createHarness,
  type Harness,
  type HarnessOptions,
  REGION,
  userOf,
} from '../support/harness.ts'
import { importMaterial } from '../support/imports.ts'
import { exampleExternalStore, exampleHsmStore, given } from '../support/key-stores.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const REPLICA_REGION = 'us-east-1'
const PLAINTEXT = 'aGVsbG8='

async function open(context: TestContext, options: HarnessOptions = {}): Promise<Harness & { storePath: string }> {
  const folder = temporaryFolder('retire')
  const storePath = join(folder.path, 'keyhold.db')
  const harness = await createHarness({ ...options, storePath })
  context.after(async () => {
    await harness.close()
    folder.remove()
  })
  return { ...harness, storePath }
}

/** Of everything that is sealed, one. */
async function sealEverything(harness: Harness) {
  const { service, store } = harness
  const { domainKeys, random } = service
  const create = async (body: object) => (await harness.call('CreateKey', body)).KeyMetadata.KeyId as string
  const encrypt = async (KeyId: string) =>
    (await harness.call('Encrypt', { KeyId, Plaintext: PLAINTEXT })).CiphertextBlob
  const symmetric = await create({})
  const blobs = [await encrypt(symmetric)]
  await harness.call('RotateKeyOnDemand', { KeyId: symmetric })
  await harness.service.jobs.runAll()
  blobs.push(await encrypt(symmetric))
  const multiRegion = await create({ MultiRegion: true })
  blobs.push(await encrypt(multiRegion))
  await harness.call('ReplicateKey', { KeyId: multiRegion, ReplicaRegion: REPLICA_REGION })
  const imported = await create({ Origin: 'EXTERNAL' })
  await importMaterial(harness, imported, randomBytes(32))
  blobs.push(await encrypt(imported))
  const signing = await create({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const hmac = await create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  const mac = { KeyId: hmac, Message: 'aGVsbG8=', MacAlgorithm: 'HMAC_SHA_256' }
  const { Mac } = await harness.call('GenerateMac', mac)

  const { AccessKey } = await harness.call('CreateAccessKey', { UserName: 'alice' })
  await store.change((change) => change.insertService({ name: 'some.service', createdAt: harness.clock.now() }))
  const serviceKey = await makeServiceAccessKey(domainKeys, random, 'some.service')
  const { accessKeyId, token } = serviceKey
  const facts = { service: 'some.service', active: true, createdAt: harness.clock.now() }
  await store.change((change) => change.insertServiceAccessKey({ ...facts, accessKeyId, token }))
  const secrets = createStoreSecrets(domainKeys)
  const external = exampleExternalStore()
  await given(harness, { ...external, secret: await secrets.seal(external, external.type, 'proxy') })
  const hsm = exampleHsmStore()
  const seal = (secret: string) => secrets.seal(hsm, hsm.type, secret)
  await given(harness, { ...hsm, secret: await seal('password'), pendingSecret: await seal('next') })
  const lasting = [await domainKeys.fingerprintKey(), await domainKeys.grantTokenKey()]
  return { symmetric, blobs, multiRegion, signing, mac: { ...mac, Mac }, AccessKey, serviceKey, external, hsm, lasting }
}

type Sealed = Awaited<ReturnType<typeof sealEverything>>

/** On a node that starts now, and remembers nothing. */
async function assertAllOpens(harness: Harness, sealed: Sealed): Promise<void> {
  const { store, clock, rootKey } = harness
  const auditLog = createMemoryAuditLog()
  const options = { store, auditLog, rootKey, clock, log: silentLog, node: 'other', authentication: 'signed' } as const
  const service = await createService(options)
  const call = (operation: string, body: object, region = REGION): Promise<Answer> =>
    service.execute(operationsOf.kms.get(operation)!, body, {
      ...{ principal: userOf(ACCOUNT), region, requestId: service.random.uuid(), time: clock.now() },
      ...{ sourceIp: '127.0.0.1', userAgent: 'harness', tls: undefined },
    })
  const plaintextOf = async (CiphertextBlob: string, region?: string) =>
    (await call('Decrypt', { CiphertextBlob }, region)).Plaintext
  for (const blob of sealed.blobs) assert.equal(await plaintextOf(blob), PLAINTEXT)
  assert.equal(await plaintextOf(sealed.blobs[2]!, REPLICA_REGION), PLAINTEXT)
  await call('Sign', { KeyId: sealed.signing, Message: 'aGVsbG8=', SigningAlgorithm: 'ECDSA_SHA_256' })
  assert.equal((await call('VerifyMac', sealed.mac)).MacValid, true)
  const { domainKeys } = service
  const credential = await store.findCredential(sealed.AccessKey.AccessKeyId)
  assert.equal(String(await openSecretAccessKey(domainKeys, credential!)), sealed.AccessKey.SecretAccessKey)
  const serviceKey = await store.findServiceAccessKey(sealed.serviceKey.accessKeyId)
  assert.equal(String(await openServiceSecret(domainKeys, serviceKey!)), sealed.serviceKey.secretAccessKey)
  const secrets = createStoreSecrets(domainKeys)
  const [external, hsm] = [await store.findKeyStore(sealed.external), await store.findKeyStore(sealed.hsm)]
  assert.equal(String(await secrets.open(external!)), 'proxy')
  assert.equal(String(await secrets.open(hsm!)), 'password')
  assert.equal(String(await secrets.open(hsm!, (hsm as typeof sealed.hsm).pendingSecret)), 'next')
  const lasting = [await domainKeys.fingerprintKey(), await domainKeys.grantTokenKey()]
  assert.ok(lasting.every((key, index) => key.equals(sealed.lasting[index]!)))
}

const domainKeyIds = async ({ store }: Harness) => (await store.listDomainKeys()).map(({ id }) => id)

async function idsInUse({ store }: Harness): Promise<Set<string>> {
  const ids = new Set<string>()
  for (const kind of RESTING_TOKEN_KINDS) {
    const tokens = await store.restingTokens(kind, undefined, 1_000)
    assert.ok(tokens.length > 0, `there is a token of the kind ${kind}`)
    // docs/formats/key-token.md
    for (const { token } of tokens) ids.add(token.toString('hex', 1, 17))
  }
  return ids
}

/** Whatever table it were in: the id of a domain key is in the clear in each of its tokens. */
function isInFiles({ storePath }: { storePath: string }, domainKeyId: string): boolean {
  const files = [storePath, `${storePath}-wal`].filter((path) => existsSync(path))
  return files.some((path) => readFileSync(path).includes(Buffer.from(domainKeyId, 'hex')))
}

test('after a month everything is sealed anew, after another week the old domain key is gone, and everything opens', async (context) => {
  const harness = await open(context)
  const sealed = await sealEverything(harness)
  const before = await idsInUse(harness)
  assert.equal(before.size, 1)
  const [old] = before as unknown as [string]
  assert.ok(isInFiles(harness, old!))

  harness.clock.advance(29 * DAY_MS)
  await harness.service.jobs.runAll()
  assert.deepEqual(await idsInUse(harness), before)

  harness.clock.advance(2 * DAY_MS)
  await harness.service.jobs.runAll()
  assert.ok(!(await idsInUse(harness)).has(old!))
  await assertAllOpens(harness, sealed)
  harness.clock.advance(2 * HOUR_MS)
  await harness.service.jobs.runAll()
  harness.clock.advance(6 * DAY_MS)
  await harness.service.jobs.runAll()
  assert.ok((await domainKeyIds(harness)).includes(old!), 'its retention has not run out')

  harness.clock.advance(2 * DAY_MS)
  await harness.service.jobs.runAll()
  assert.ok(!(await domainKeyIds(harness)).includes(old!))
  assert.ok(!isInFiles(harness, old!), 'no token of it is anywhere in the database')
  await assertAllOpens(harness, sealed)
})

test('a third of a year of jobs leaves few domain keys, and each that is used', async (context) => {
  const harness = await open(context)
  const sealed = await sealEverything(harness)
  for (let day = 0; day < 120; day++) {
    harness.clock.advance(DAY_MS)
    await harness.service.domainKeys.seal(['purpose'], Buffer.from('a domain key a day'))
    await harness.service.jobs.runAll()
    const present = new Set(await domainKeyIds(harness))
    if (day % 30 === 0) for (const id of await idsInUse(harness)) assert.ok(present.has(id))
  }
  assert.ok((await domainKeyIds(harness)).length < 50)
  await assertAllOpens(harness, sealed)
})

test('what clients hold outlives nothing: a session of 36 hours, sealed at the last moment, while jobs come by', async (context) => {
  const harness = await open(context)
  const { store, service, clock, rootKey } = harness
  await service.domainKeys.seal(['purpose'], Buffer.from('begins the day'))
  clock.advance(DAY_MS - 1)
  const { Credentials } = await harness.call('GetSessionToken', { DurationSeconds: 129_600 })
  for (let hour = 0; hour < 36; hour++) {
    clock.advance(HOUR_MS)
    await service.jobs.runAll()
    const domainKeys = createDomainKeys(store, rootKey, clock, service.random)
    const sessions = createSessions({ store, domainKeys, random: service.random })
    const found = await sessions.find(Credentials.AccessKeyId, Credentials.SessionToken)
    assert.notEqual(found?.principal, undefined)
  }
})

test('calls under way while tokens are sealed anew do not fail', async (context) => {
  const harness = await open(context)
  const { blobs, symmetric } = await sealEverything(harness)
  let isOver = false
  async function callOn(): Promise<void> {
    while (!isOver) {
      for (const CiphertextBlob of blobs) await harness.call('Decrypt', { CiphertextBlob })
      // Drops the unwrapped material, which is read again then.
      await harness.call('UpdateKeyDescription', { KeyId: symmetric, Description: 'anew' })
    }
  }
  const callers = Promise.all([callOn(), callOn()])
  try {
    for (let step = 0; step < 40; step++) {
      harness.clock.advance(DAY_MS)
      await harness.service.jobs.runAll()
    }
  } finally {
    isOver = true
    await callers
  }
})

test('a token that does not open is told of, and its domain key stays', async (context) => {
  const told: object[] = []
  const log = { ...silentLog, error: (facts: object) => void told.push(facts) }
  const harness = await open(context, { log })
  const sealed = await sealEverything(harness)
  const [resting] = await harness.store.restingTokens('key store secret', undefined, 1)
  const altered = Buffer.from(resting!.token)
  altered[altered.length - 1]! ^= 1
  await harness.store.change((change) => change.replaceToken(resting!, altered))
  const [old] = (await idsInUse(harness)) as unknown as [string]
  for (let step = 0; step < 50; step++) {
    harness.clock.advance(DAY_MS)
    await harness.service.jobs.runAll()
  }
  assert.ok((await domainKeyIds(harness)).includes(old))
  assert.ok(told.some((facts) => 'tokens' in facts && facts.tokens === 1))
  assert.equal((await harness.call('Decrypt', { CiphertextBlob: sealed.blobs[0] })).Plaintext, PLAINTEXT)
})
