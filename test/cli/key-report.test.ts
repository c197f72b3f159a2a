/** `keyhold key report` over a data folder that a server really used (lifecycle.md 5.3, DEL-31). */
import assert from 'node:assert/strict'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { createMovableClock } from '../../src/base/movable-clock.ts'
import { runCli } from '../../src/cli/run.ts'
import { operations } from '../../src/operations/index.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { type OpenNode, openDurableNode } from '../../src/start/node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import { rootOf } from '../support/harness.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const ACCOUNT = '111122223333'
const REGION = 'eu-central-1'
const DAY_MS = 86_400_000

const work = temporaryFolder('key-report')
const folder = dataFolder(join(work.path, 'data'))
after(() => work.remove())

const CHOICE = { provider: undefined, passphrase: undefined }
// biome-ignore lint/suspicious/noExplicitAny: answers, checked by the assertions
type Answer = any

/** A server on the folder, whose clock is `daysAgo` behind. */
async function serve(daysAgo: number): Promise<OpenNode & { call(name: string, body: object): Promise<Answer> }> {
  const clock = createMovableClock()
  clock.advance(-daysAgo * DAY_MS)
  const node = await openDurableNode(folder.path, CHOICE, {
    node: 'test',
    authentication: 'development',
    log: silentLog,
    movableClock: clock,
  })
  const call = (name: string, body: object) =>
    node.service.execute(operations.get(name)!, body, {
      principal: rootOf(ACCOUNT),
      region: REGION,
      requestId: node.service.random.uuid(),
      time: clock.now(),
      sourceIp: '192.0.2.7',
      userAgent: 'payroll/1.0',
      tls: undefined,
    })
  return { ...node, call }
}

function report(...words: readonly string[]) {
  return keyhold('key', 'report', ...words, '--region', REGION)
}

async function keyhold(...words: readonly string[]) {
  const printed: string[] = []
  const told: string[] = []
  const exitCode = await runCli([...words, '--data', folder.path], {
    env: {},
    folder: work.path,
    hasPerson: false,
    print(text) {
      printed.push(text)
      return undefined
    },
    tell: (text) => void told.push(text),
  })
  return { exitCode, stdout: printed.join('\n'), stderr: told.join('\n') }
}

async function reportOf(name: string): Promise<Answer> {
  const { exitCode, stdout, stderr } = await report(name, '--json')
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** Made 40 days ago, used 12 days and a bit ago. */
let used: Answer
let unused: Answer
let scheduled: Answer
let grant: Answer
before(async () => {
  const choices = { ...CHOICE, folder, account: ACCOUNT, region: REGION, mode: 'server', log: silentLog } as const
  const { lock } = await prepareDataFolder(choices)
  lock.release()
  let server = await serve(40)
  const Tags = [
    { TagKey: 'team', TagValue: 'pay' },
    { TagKey: 'odd', TagValue: '\u001b[2J\u202e' },
  ]
  used = (await server.call('CreateKey', { Description: 'salaries', Tags })).KeyMetadata
  unused = (await server.call('CreateKey', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })).KeyMetadata
  scheduled = (await server.call('CreateKey', {})).KeyMetadata
  for (const AliasName of ['alias/pay', 'alias/old-pay']) {
    await server.call('CreateAlias', { AliasName, TargetKeyId: used.KeyId })
  }
  await server.call('EnableKeyRotation', { KeyId: used.KeyId })
  await server.call('RotateKeyOnDemand', { KeyId: used.KeyId })
  const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:user/administrator`
  const Operations = ['Decrypt', 'DescribeKey']
  grant = await server.call('CreateGrant', { KeyId: used.KeyId, GranteePrincipal, Operations })
  await server.service.stop()

  server = await serve(12.5)
  const { CiphertextBlob } = await server.call('Encrypt', { KeyId: used.KeyId, Plaintext: 'eA==' })
  await server.call('Decrypt', { CiphertextBlob })
  await server.service.stop()

  server = await serve(1)
  await server.call('ScheduleKeyDeletion', { KeyId: scheduled.KeyId, PendingWindowInDays: 7 })
  await server.service.stop()
})

const iso = (seconds: number) => new Date(Math.round(seconds * 1000)).toISOString()

test('the JSON has everything that is known of the key', async () => {
  const { lastUse, ...rest } = await reportOf(used.KeyId)
  const { grants } = rest
  const { time, eventId, requestId, ...use } = lastUse
  assert.deepEqual(use, {
    operation: 'Decrypt',
    principal: `arn:aws:iam::${ACCOUNT}:root`,
    accessKeyId: rootOf(ACCOUNT).accessKeyId,
    sourceIp: '192.0.2.7',
    userAgent: 'payroll/1.0',
  })
  assert.match(eventId, /^[0-9a-f-]{36}$/)
  assert.match(requestId, /^[0-9a-f-]{36}$/)
  assert.ok(Math.abs(Date.parse(time) - (Date.now() - 12.5 * DAY_MS)) < 120_000)
  const rotatedAt = rest.rotation.last.date
  assert.ok(Math.abs(Date.parse(rotatedAt) - used.CreationDate * 1000) < 120_000)
  const { next } = rest.rotation.automatic
  assert.ok(Math.abs(Date.parse(next) - (used.CreationDate * 1000 + 365 * DAY_MS)) < 120_000)
  assert.deepEqual(rest, {
    key: {
      arn: used.Arn,
      account: ACCOUNT,
      region: REGION,
      keyId: used.KeyId,
      description: 'salaries',
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin: 'AWS_KMS',
      manager: 'CUSTOMER',
      multiRegion: false,
      created: iso(used.CreationDate),
    },
    state: 'Enabled',
    deletion: null,
    usageTrackedSince: rest.usageTrackedSince,
    daysWithoutUse: 12,
    externalKeys: [],
    refusedWhilePendingDeletion: null,
    aliases: ['alias/old-pay', 'alias/pay'],
    tags: [
      { key: 'team', value: 'pay' },
      { key: 'odd', value: '\u001b[2J\u202e' },
    ],
    rotation: {
      automatic: { periodInDays: 365, next },
      onDemandRotations: 1,
      last: { date: rotatedAt, type: 'ON_DEMAND' },
      keyMaterials: 2,
      importedMaterialExpires: null,
    },
    policy: [
      {
        effect: 'Allow',
        principals: [`arn:aws:iam::${ACCOUNT}:root`],
        exceptPrincipals: false,
        actions: ['kms:*'],
        exceptActions: false,
        hasConditions: false,
        isOpen: false,
      },
    ],
    grants: {
      count: 1,
      shown: [
        {
          grantId: grant.GrantId,
          grantee: `arn:aws:iam::${ACCOUNT}:user/administrator`,
          operations: ['Decrypt', 'DescribeKey'],
          created: grants.shown[0].created,
        },
      ],
    },
  })
  assert.ok(Math.abs(Date.parse(grants.shown[0].created) - (Date.now() - 40 * DAY_MS)) < 120_000)
})

test('the text says it in lines, and no text of a user steers the terminal', async () => {
  const { lastUse, rotation, usageTrackedSince, grants } = await reportOf(used.KeyId)
  const second = (time: string) => `${time.slice(0, 19)}Z`
  const { stdout } = await report(used.KeyId)
  assert.equal(
    stdout,
    [
      `Key         ${used.Arn}`,
      '            SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT, origin AWS_KMS',
      `            created ${second(iso(used.CreationDate))}, managed by CUSTOMER`,
      '            "salaries"',
      'State       Enabled',
      `Last used   ${second(lastUse.time)}, 12 days ago: Decrypt`,
      `            by arn:aws:iam::${ACCOUNT}:root, access key ${rootOf(ACCOUNT).accessKeyId}`,
      '            from 192.0.2.7, payroll/1.0',
      `            event ${lastUse.eventId}, request ${lastUse.requestId}`,
      'Aliases     alias/old-pay',
      '            alias/pay',
      `Policy      Allow arn:aws:iam::${ACCOUNT}:root: kms:*`,
      `Grants      arn:aws:iam::${ACCOUNT}:user/administrator: Decrypt, DescribeKey (since ${second(grants.shown[0].created)}, ${grant.GrantId})`,
      'Tags        team = pay',
      '            odd = \\u{1b}[2J\\u{202e}',
      `Rotation    every 365 days, next ${second(rotation.automatic.next)}`,
      '            2 key materials',
      `            last ${second(rotation.last.date)} (ON_DEMAND)`,
      '            1 of them on demand',
      'Advice      Disable it first: that can be undone. When it is deleted, what it encrypted is lost with it.',
    ].join('\n'),
  )
  const never = await report(unused.KeyId)
  assert.match(
    never.stdout,
    new RegExp(`^Last used   not since ${second(usageTrackedSince)} \\(\\d+ days?\\), when tracking began$`, 'm'),
  )
  assert.match(never.stdout, /^Aliases {5}none$/m)
  assert.doesNotMatch(never.stdout, /^Tags/m)
})

test('the key is found by ARN and alias as by its id', async () => {
  const expected = await reportOf(used.KeyId)
  for (const name of [used.Arn, 'alias/pay', `arn:aws:kms:${REGION}:${ACCOUNT}:alias/old-pay`]) {
    assert.deepEqual(await reportOf(name), expected)
  }
})

test('a key whose deletion is scheduled shows when it goes', async () => {
  const { state, deletion, lastUse } = await reportOf(scheduled.KeyId)
  assert.deepEqual({ state, lastUse }, { state: 'PendingDeletion', lastUse: null })
  assert.equal(deletion.windowInDays, 7)
  assert.ok(Math.abs(Date.parse(deletion.date) - (Date.now() + 6 * DAY_MS)) < 120_000)
  const { stdout } = await report(scheduled.KeyId)
  assert.match(stdout, /^State {7}PendingDeletion: will be erased \S+, in 5 days$/m)
  assert.match(stdout, /^Advice {6}Cancel the deletion if anybody needs it/m)
})

// DEL-30: seen without a query of the log.
test('a key pending deletion that somebody asks for is on the list of alarms, and its report says who', async () => {
  const { KeyId, Arn } = scheduled
  const server = await serve(0)
  const refused = { code: 'KMSInvalidStateException' }
  await assert.rejects(server.call('Encrypt', { KeyId, Plaintext: 'eA==' }), refused)
  await assert.rejects(server.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }), refused)
  await server.service.stop()
  const [alarm, ...others] = JSON.parse((await keyhold('alarm', 'list', '--json')).stdout)
  const { first, last, ...counted } = alarm
  assert.deepEqual([counted, others], [{ key: Arn, count: 2 }, []])
  const { time, eventId, requestId, ...call } = last
  assert.deepEqual(call, { operation: 'GenerateDataKey', principal: rootOf(ACCOUNT).arn, sourceIp: '192.0.2.7' })
  assert.ok(first <= time)
  const row = `${Arn}  2 calls  last ${time}  GenerateDataKey  by ${rootOf(ACCOUNT).arn}`
  assert.equal((await keyhold('alarm', 'list')).stdout, row)
  const { refusedWhilePendingDeletion } = await reportOf(KeyId)
  assert.deepEqual([refusedWhilePendingDeletion.count, refusedWhilePendingDeletion.last.eventId], [2, eventId])
  const { stdout } = await report(KeyId)
  const lines = [
    `Refused     2 calls since its deletion was scheduled, the first ${first}`,
    `            the last ${time}: GenerateDataKey, by ${rootOf(ACCOUNT).arn}, from 192.0.2.7`,
    `            event ${eventId}, request ${requestId}`,
  ]
  assert.ok(stdout.includes(lines.join('\n')), stdout)
  assert.match(stdout, /^Advice {6}Somebody still needs it: cancel its deletion/m)
})

// ROT-18: what GetKeyRotationStatus says of a replica is what its primary has.
test('a replica shows the rotation of its primary, and where that is', async () => {
  const server = await serve(0)
  const { KeyId, Arn } = (await server.call('CreateKey', { MultiRegion: true })).KeyMetadata
  await server.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 180 })
  await server.call('RotateKeyOnDemand', { KeyId })
  const { ReplicaKeyMetadata } = await server.call('ReplicateKey', { KeyId, ReplicaRegion: 'us-west-2' })
  await server.service.stop()
  const { rotation } = await reportOf(ReplicaKeyMetadata.Arn)
  assert.deepEqual(rotation, (await reportOf(Arn)).rotation)
  assert.deepEqual([rotation.automatic.periodInDays, rotation.onDemandRotations], [180, 1])
  const replica = await report(ReplicaKeyMetadata.Arn)
  assert.match(replica.stdout, new RegExp(`, multi-Region, replica of the primary in ${REGION}$`, 'm'))
  assert.match(replica.stdout, /^Rotation {4}every 180 days, /m)
  assert.match((await report(Arn)).stdout, /, multi-Region, replicas in us-west-2$/m)
  // MRK-4: the members of a set have the same key material.
  assert.match(replica.stdout, /^Advice {6}.*decrypted by the other keys of its set alone\.$/m)
})

test('what is not there, or is no name, is a clear error', async () => {
  const missing = '00000000-0000-4000-8000-000000000000'
  const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${missing}`
  const hint = `keyhold: hint: looked in account ${ACCOUNT} and Region ${REGION}; name the key by its ARN, or give --region and --account`
  for (const [name, text] of [
    [missing, `Key '${arn}' does not exist`],
    [arn, `Key '${arn}' does not exist`],
    ['alias/none', `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/none is not found`],
    ['pay', "Invalid keyId 'pay'"],
  ]) {
    const { exitCode, stdout, stderr } = await report(name!)
    assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' })
    assert.equal(stderr, `keyhold: error: ${text}\n${hint}`)
  }
})

test('it works beside a running server, and changes nothing in the folder', async () => {
  const server = await serve(0)
  const before = await reportOf(unused.KeyId)
  await server.call('GenerateMac', { KeyId: unused.KeyId, Message: 'eA==', MacAlgorithm: 'HMAC_SHA_256' })
  await server.service.keyUsage.save()
  const { lastUse } = await reportOf(unused.KeyId)
  assert.equal(before.lastUse, null)
  assert.deepEqual([lastUse.operation, lastUse.sourceIp], ['GenerateMac', '192.0.2.7'])
  await server.service.stop()

  const state = () => readdirSync(folder.path).map((name) => [name, statSync(join(folder.path, name)).mtimeMs])
  const files = state()
  await reportOf(unused.KeyId)
  assert.deepEqual(state(), files)
})

test('a last use whose record the log no longer has is still told', async () => {
  const { lastUse } = await reportOf(used.KeyId)
  rmSync(folder.audit, { recursive: true })
  const after = await reportOf(used.KeyId)
  const { time, operation, eventId, requestId } = lastUse
  const nobody = { principal: null, accessKeyId: null, sourceIp: null, userAgent: null }
  assert.deepEqual(after.lastUse, { time, operation, ...nobody, eventId, requestId })
  assert.match((await report(used.KeyId)).stdout, /^ +by whom is not known: the audit log no longer has the record$/m)
})
