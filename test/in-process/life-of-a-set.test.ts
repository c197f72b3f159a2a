/**
 * The life of a multi-Region key, over the wire with the AWS SDK and one client for each Region, on a clock that is moved
 * (lifecycle.md section 6): copied, rotated, handed over to another Region, and deleted member after member.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms'
import { type Keyhold, startKeyhold } from '../../src/index.ts'

const DAY_MS = 86_400_000
const NAME = 'alias/orders'
const REGIONS = ['eu-central-1', 'us-east-1', 'ap-south-1'] as const
const [FRANKFURT, VIRGINIA, MUMBAI] = REGIONS
type Region = (typeof REGIONS)[number]

let keyhold: Keyhold
let clients: Record<Region, KMSClient>
let KeyId: string
/** A letter from each Region, before and after every turn of the set's life. */
const letters: { readonly text: string; readonly blob: Uint8Array }[] = []

before(async () => {
  keyhold = await startKeyhold()
  const { endpoint, credentials } = keyhold
  const clientIn = (region: Region) => new KMSClient({ endpoint, credentials, region })
  clients = { [FRANKFURT]: clientIn(FRANKFURT), [VIRGINIA]: clientIn(VIRGINIA), [MUMBAI]: clientIn(MUMBAI) }
})
after(async () => {
  for (const client of Object.values(clients)) client.destroy()
  await keyhold.stop()
})

const metadata = async (region: Region) => (await clients[region].send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!

const rotations = async (region: Region) =>
  (await clients[region].send(new ListKeyRotationsCommand({ KeyId }))).Rotations!

/** A little more than so many days, so that what is due then is past. */
const pass = (days: number) => keyhold.clock.advance({ days, seconds: 1 })

async function writeLetters(regions: readonly Region[]): Promise<void> {
  for (const region of regions) {
    const text = `letter ${letters.length} from ${region}`
    const { CiphertextBlob } = await clients[region].send(
      new EncryptCommand({ KeyId: NAME, Plaintext: Buffer.from(text), EncryptionContext: { to: 'all' } }),
    )
    letters.push({ text, blob: CiphertextBlob! })
  }
}

async function assertAllLettersOpen(regions: readonly Region[]): Promise<void> {
  assert.ok(letters.length > 0)
  for (const region of regions) {
    for (const { text, blob: CiphertextBlob } of letters) {
      const opening = new DecryptCommand({ CiphertextBlob, EncryptionContext: { to: 'all' } })
      const opened = await clients[region].send(opening)
      assert.equal(Buffer.from(opened.Plaintext!).toString(), text)
      assert.equal(opened.KeyId, (await metadata(region)).Arn)
    }
  }
}

const schedule = (region: Region, PendingWindowInDays: number) =>
  clients[region].send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }))

test('made in Frankfurt, set to rotate, and copied to Virginia and Mumbai under the same id', async () => {
  const created = await clients[FRANKFURT].send(new CreateKeyCommand({ MultiRegion: true }))
  KeyId = created.KeyMetadata!.KeyId!
  assert.match(KeyId, /^mrk-[0-9a-f]{32}$/)
  await clients[FRANKFURT].send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
  await clients[FRANKFURT].send(new CreateAliasCommand({ AliasName: NAME, TargetKeyId: KeyId }))
  await writeLetters([FRANKFURT])
  for (const ReplicaRegion of [VIRGINIA, MUMBAI]) {
    const answer = await clients[FRANKFURT].send(new ReplicateKeyCommand({ KeyId, ReplicaRegion }))
    assert.equal(answer.ReplicaKeyMetadata!.KeyState, 'Creating')
    assert.equal(answer.ReplicaKeyMetadata!.Arn, created.KeyMetadata!.Arn!.replace(FRANKFURT, ReplicaRegion))
    await clients[ReplicaRegion].send(new CreateAliasCommand({ AliasName: NAME, TargetKeyId: KeyId }))
    assert.equal((await metadata(ReplicaRegion)).KeyState, 'Enabled')
  }
  await writeLetters(REGIONS)
  await assertAllLettersOpen(REGIONS)
})

test('a quarter later all three have the next material', async () => {
  await pass(90)
  await writeLetters(REGIONS)
  await clients[FRANKFURT].send(new RotateKeyOnDemandCommand({ KeyId }))
  await writeLetters(REGIONS)
  const materials = await Promise.all(REGIONS.map(async (region) => (await metadata(region)).CurrentKeyMaterialId))
  assert.equal(new Set(materials).size, 1)
  for (const region of REGIONS) {
    const types = (await rotations(region)).map(({ RotationType }) => RotationType)
    assert.deepEqual(types, ['AUTOMATIC', 'ON_DEMAND'])
  }
  await assertAllLettersOpen(REGIONS)
})

test('a letter from Virginia is put under the newest material in Mumbai', async () => {
  const { text, blob } = letters.find(({ text }) => text.includes(VIRGINIA))!
  const again = await clients[MUMBAI].send(
    new ReEncryptCommand({
      CiphertextBlob: blob,
      SourceEncryptionContext: { to: 'all' },
      DestinationKeyId: KeyId,
      DestinationEncryptionContext: { to: 'all' },
    }),
  )
  assert.notEqual(again.SourceKeyMaterialId, again.DestinationKeyMaterialId)
  letters.push({ text, blob: again.CiphertextBlob! })
  await assertAllLettersOpen(REGIONS)
})

test('the ARN of another Region is another key (MRK-30)', async () => {
  const { Arn } = await metadata(VIRGINIA)
  const reading = new DecryptCommand({
    CiphertextBlob: letters[0]!.blob,
    EncryptionContext: { to: 'all' },
    KeyId: Arn,
  })
  await assert.rejects(clients[FRANKFURT].send(reading), { name: 'IncorrectKeyException' })
  await assert.rejects(clients[FRANKFURT].send(new DescribeKeyCommand({ KeyId: Arn })), { name: 'NotFoundException' })
})

test('handed over to Virginia, which rotates it from then on, on the same dates', async () => {
  const status = async (region: Region) => clients[region].send(new GetKeyRotationStatusCommand({ KeyId }))
  const { NextRotationDate } = await status(FRANKFURT)
  await clients[FRANKFURT].send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: VIRGINIA }))
  for (const region of REGIONS) {
    assert.deepEqual((await status(region)).NextRotationDate, NextRotationDate)
    const { MultiRegionConfiguration: set } = await metadata(region)
    assert.equal(set!.PrimaryKey!.Region, VIRGINIA)
    assert.deepEqual(
      set!.ReplicaKeys!.map(({ Region }) => Region),
      [MUMBAI, FRANKFURT],
    )
  }
  await assert.rejects(clients[FRANKFURT].send(new RotateKeyOnDemandCommand({ KeyId })), {
    name: 'UnsupportedOperationException',
  })
  await pass(90)
  for (const region of REGIONS) assert.equal((await rotations(region)).length, 3)
  await writeLetters(REGIONS)
  await assertAllLettersOpen(REGIONS)
})

test('Virginia is to go: it waits for the others, which work on', async () => {
  const answer = await schedule(VIRGINIA, 10)
  assert.equal(answer.KeyState, 'PendingReplicaDeletion')
  assert.equal(answer.DeletionDate, undefined)
  assert.equal((await metadata(VIRGINIA)).PendingDeletionWindowInDays, 10)
  await pass(100)
  await writeLetters([FRANKFURT, MUMBAI])
  await assertAllLettersOpen([FRANKFURT, MUMBAI])
  await schedule(FRANKFURT, 7)
  await pass(7)
  await assert.rejects(metadata(FRANKFURT), { name: 'NotFoundException' })
  assert.equal((await metadata(VIRGINIA)).KeyState, 'PendingReplicaDeletion')
  await assertAllLettersOpen([MUMBAI])
})

test('with the last replica its own days begin; taken back, it opens every letter there ever was', async () => {
  await schedule(MUMBAI, 7)
  await pass(7)
  const { KeyState, DeletionDate, MultiRegionConfiguration } = await metadata(VIRGINIA)
  assert.equal(KeyState, 'PendingDeletion')
  assert.deepEqual(MultiRegionConfiguration!.ReplicaKeys, [])
  const days = (DeletionDate!.getTime() - keyhold.clock.now().getTime()) / DAY_MS
  assert.ok(Math.abs(days - 10) < 0.001, `${days} days are left`)
  await clients[VIRGINIA].send(new CancelKeyDeletionCommand({ KeyId }))
  assert.equal((await metadata(VIRGINIA)).KeyState, 'Disabled')
})

test('in the end nothing is left in any Region', async () => {
  await schedule(VIRGINIA, 7)
  await pass(7)
  for (const region of REGIONS) {
    await assert.rejects(metadata(region), { name: 'NotFoundException' })
    const reading = new DecryptCommand({ CiphertextBlob: letters[0]!.blob, EncryptionContext: { to: 'all' } })
    await assert.rejects(clients[region].send(reading), { name: 'AccessDeniedException' })
  }
})
