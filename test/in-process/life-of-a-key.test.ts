/** A year and a half in the life of two keys, over the wire with the AWS SDK, on a clock that is moved (lifecycle.md). */
import assert from 'node:assert/strict'
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyLastUsageCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { type Keyhold, startKeyhold } from '../../src/index.ts'

const DAY_MS = 86_400_000
const NAME = 'alias/orders'
const TAGS = [{ TagKey: 'team', TagValue: 'orders' }]

interface Sealed {
  readonly text: string
  readonly blob: Uint8Array
  /** The material that was current. */
  readonly material: string
}

let keyhold: Keyhold
let kms: KMSClient
let KeyId: string
/** One for each generation of material. */
const letters: Sealed[] = []

before(async () => {
  keyhold = await startKeyhold()
  kms = new KMSClient(keyhold)
})
after(async () => {
  kms.destroy()
  await keyhold.stop()
})

const metadata = async (id = KeyId) => (await kms.send(new DescribeKeyCommand({ KeyId: id }))).KeyMetadata!
const rotations = async () => (await kms.send(new ListKeyRotationsCommand({ KeyId }))).Rotations!
const status = async () => kms.send(new GetKeyRotationStatusCommand({ KeyId }))

/** A little more than so many days, so that what is due then is past. */
async function pass(days: number): Promise<void> {
  await keyhold.clock.advance({ days, seconds: 1 })
}

async function writeLetter(): Promise<void> {
  const text = `letter ${letters.length}`
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: NAME, Plaintext: Buffer.from(text) }))
  letters.push({ text, blob: CiphertextBlob!, material: (await metadata()).CurrentKeyMaterialId! })
}

async function assertAllLettersOpen(): Promise<void> {
  for (const { text, blob, material } of letters) {
    const { Plaintext, KeyMaterialId } = await kms.send(new DecryptCommand({ CiphertextBlob: blob }))
    assert.equal(Buffer.from(Plaintext!).toString(), text)
    assert.equal(KeyMaterialId, material)
  }
}

function assertInDays(date: Date | undefined, days: number): void {
  const difference = date!.getTime() - (keyhold.clock.now().getTime() + days * DAY_MS)
  assert.ok(Math.abs(difference) < 60_000, `${date!.toISOString()} is not in ${days} days`)
}

test('day 0: made, named, and set to rotate every 90 days', async () => {
  KeyId = (await kms.send(new CreateKeyCommand({ Tags: TAGS }))).KeyMetadata!.KeyId!
  await kms.send(new CreateAliasCommand({ AliasName: NAME, TargetKeyId: KeyId }))
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
  await writeLetter()
  assertInDays((await status()).NextRotationDate, 90)
})

test('days 90, 180, 270: rotated by itself; every letter of every generation opens', async () => {
  for (let times = 1; times <= 3; times++) {
    await pass(90)
    await writeLetter()
    assert.equal((await rotations()).length, times)
  }
  assert.equal(new Set(letters.map(({ material }) => material)).size, 4)
  await assertAllLettersOpen()
})

test('day 280: rotated on demand; the schedule stays', async () => {
  await pass(10)
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }))
  await writeLetter()
  assert.deepEqual(
    (await rotations()).map(({ RotationType }) => RotationType),
    ['AUTOMATIC', 'AUTOMATIC', 'AUTOMATIC', 'ON_DEMAND'],
  )
  assertInDays((await status()).NextRotationDate, 80)
  await assertAllLettersOpen()
})

test('day 300 to 400: disabled over a due date; enabled again it rotates once, at once', async () => {
  await pass(20)
  await kms.send(new DisableKeyCommand({ KeyId }))
  await pass(100)
  assert.equal((await rotations()).length, 4)
  await assert.rejects(writeLetter(), { name: 'DisabledException' })
  await kms.send(new EnableKeyCommand({ KeyId }))
  assert.equal((await rotations()).length, 5)
  assertInDays((await status()).NextRotationDate, 90)
  await writeLetter()
  await assertAllLettersOpen()
})

test('day 480: scheduled for deletion, over a due date; cancelled it rotates and stays disabled', async () => {
  await pass(80)
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 30 }))
  await pass(20)
  await assert.rejects(writeLetter(), { name: 'KMSInvalidStateException', message: /is pending deletion\.$/ })
  assert.equal((await status()).KeyRotationEnabled, false)
  assert.equal((await rotations()).length, 5)
  await kms.send(new CancelKeyDeletionCommand({ KeyId }))
  assert.equal((await metadata()).KeyState, 'Disabled')
  assert.equal((await rotations()).length, 6)
  await kms.send(new EnableKeyCommand({ KeyId }))
  await writeLetter()
  await assertAllLettersOpen()
})

test('all along: the same id, name and tags, 7 materials, and it is known when it was last used', async () => {
  const { KeyState, KeyManager } = await metadata(NAME)
  assert.deepEqual([KeyState, KeyManager], ['Enabled', 'CUSTOMER'])
  assert.deepEqual((await kms.send(new ListResourceTagsCommand({ KeyId }))).Tags, TAGS)
  const all = await kms.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))
  assert.deepEqual(
    all.Rotations!.map(({ KeyMaterialId }) => KeyMaterialId),
    letters.map(({ material }) => material),
  )
  assert.deepEqual(
    all.Rotations!.map(({ KeyMaterialState }) => KeyMaterialState),
    [...Array(6).fill('NON_CURRENT'), 'CURRENT'],
  )
  const { KeyLastUsage } = await kms.send(new GetKeyLastUsageCommand({ KeyId }))
  assert.equal(KeyLastUsage!.Operation, 'Decrypt')
  assertInDays(KeyLastUsage!.Timestamp, 0)
})

async function importUntil(id: string, material: Uint8Array, days: number): Promise<void> {
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' } as const
  const { PublicKey, ImportToken } = await kms.send(new GetParametersForImportCommand({ KeyId: id, ...wrapping }))
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const EncryptedKeyMaterial = publicEncrypt({ key, padding, oaepHash: 'sha256' }, material)
  const ValidTo = new Date(keyhold.clock.now().getTime() + days * DAY_MS)
  await kms.send(new ImportKeyMaterialCommand({ KeyId: id, ImportToken, EncryptedKeyMaterial, ValidTo }))
}

test('a key with imported material stops at its end, and goes on when the same bytes come again', async () => {
  const { KeyId: id } = (await kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))).KeyMetadata!
  assert.equal((await metadata(id)).KeyState, 'PendingImport')
  const material = randomBytes(32)
  await importUntil(id!, material, 30)
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: id, Plaintext: Buffer.from('x') }))
  const before = await metadata(id)
  await pass(30)
  assert.equal((await metadata(id)).KeyState, 'PendingImport')
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob })), { message: /is pending import\.$/ })
  await importUntil(id!, material, 30)
  const after = await metadata(id)
  assert.deepEqual(
    [after.KeyState, after.KeyId, after.Arn, after.CurrentKeyMaterialId],
    ['Enabled', before.KeyId, before.Arn, before.CurrentKeyMaterialId],
  )
  const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }))
  assert.equal(Buffer.from(Plaintext!).toString(), 'x')
})

test('in the end: deleted; key and name are gone, and no letter opens', async () => {
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
  await pass(7)
  await assert.rejects(metadata(), { name: 'NotFoundException' })
  const { Aliases } = await kms.send(new ListAliasesCommand({}))
  // Those of AWS are always there.
  assert.deepEqual(
    Aliases!.filter(({ AliasName }) => !AliasName!.startsWith('alias/aws/')),
    [],
  )
  for (const { blob } of letters) {
    await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob: blob })), { name: 'AccessDeniedException' })
  }
})
