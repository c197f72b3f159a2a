import assert from 'node:assert/strict'
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CreateKeyCommand, DecryptCommand, DescribeKeyCommand, EncryptCommand } from '@aws-sdk/client-kms'
import type { Page } from 'playwright-core'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { dialog, openKey, says, setStage, signIn } from './console-page.ts'

const stage = setStage()

async function newExternalKey(): Promise<string> {
  const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
  return KeyMetadata!.KeyId!
}

/** As AWS's guide has it done with OpenSSL: `pkeyutl -encrypt`, OAEP with SHA-256 in both places. */
function wrap(material: Buffer, publicKey: Buffer): Buffer {
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, material)
}

async function downloaded(page: Page, button: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const downloading = page.waitForEvent('download')
  await dialog(page).getByRole('button', { name: button, exact: true }).click()
  const file = await downloading
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}

async function choose(page: Page, label: string, buffer: Buffer): Promise<void> {
  const field = dialog(page)
    .locator('input[type=file]')
    .nth(label === 'Import token' ? 1 : 0)
  await field.setInputFiles({ name: `${label}.bin`, mimeType: 'application/octet-stream', buffer })
}

test('key material is imported with an expiry, deleted, and imported again', { skip }, async (context) => {
  const keyId = await newExternalKey()
  const material = randomBytes(32)
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId, 'rotation')
  await says(page, 'This key has no key material')

  await page.getByRole('button', { name: 'Import key material' }).click()
  const upload = dialog(page).getByRole('button', { name: 'Upload key material' })
  await dialog(page).getByRole('button', { name: 'Get wrapping key and import token' }).click()
  const publicKey = await downloaded(page, 'Wrapping public key')
  const token = await downloaded(page, 'Import token')
  assert.deepEqual([publicKey.name, token.name], ['WrappingPublicKey.bin', 'ImportToken.bin'])
  assert.ok(await upload.isDisabled(), 'there is no material yet')

  await choose(page, 'Wrapped key material', Buffer.alloc(512, 1))
  await upload.click()
  await says(page, 'Failed to import the key material')
  await says(page, /^InvalidCiphertextException: /)

  await choose(page, 'Wrapped key material', wrap(material, publicKey.bytes))
  await dialog(page).getByLabel('Key material expires').check()
  const day = new Date(Date.now() + 100 * 86_400_000).toISOString().slice(0, 10)
  await dialog(page).getByLabel('Date', { exact: true }).fill(day.replaceAll('-', '/'))
  await upload.click()
  await says(page, 'The key material is imported.')
  const { KeyMetadata } = await stage.kms.send(new DescribeKeyCommand({ KeyId: keyId }))
  assert.equal(KeyMetadata!.KeyState, 'Enabled')
  assert.equal(KeyMetadata!.ExpirationModel, 'KEY_MATERIAL_EXPIRES')
  assert.equal(KeyMetadata!.ValidTo!.toISOString(), `${day}T00:00:00.000Z`)
  const { CiphertextBlob } = await stage.kms.send(
    new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from('sealed') }),
  )

  await page.getByRole('button', { name: 'Delete key material' }).click()
  await dialog(page).getByRole('button', { name: 'Delete key material' }).click()
  await says(page, 'The key material is deleted.')
  await says(page, 'This key has no key material')
  await assert.rejects(stage.kms.send(new DecryptCommand({ CiphertextBlob })), { name: 'KMSInvalidStateException' })

  // Another day: the token comes from its file.
  await page.getByRole('button', { name: 'Import key material' }).click()
  await choose(page, 'Wrapped key material', wrap(material, publicKey.bytes))
  await choose(page, 'Import token', token.bytes)
  await dialog(page).getByRole('button', { name: 'Upload key material' }).click()
  await dialog(page).waitFor({ state: 'hidden' })
  const { Plaintext } = await stage.kms.send(new DecryptCommand({ CiphertextBlob }))
  assert.equal(Buffer.from(Plaintext!).toString(), 'sealed')
})

test('new key material is imported and rotated to; older material still decrypts', { skip }, async (context) => {
  const keyId = await newExternalKey()
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId, 'rotation')

  async function bring(): Promise<void> {
    await dialog(page).getByRole('button', { name: 'Get wrapping key and import token' }).click()
    const { bytes } = await downloaded(page, 'Wrapping public key')
    await choose(page, 'Wrapped key material', wrap(randomBytes(32), bytes))
    await dialog(page).getByRole('button', { name: 'Upload key material' }).click()
    await dialog(page).waitFor({ state: 'hidden' })
  }

  await page.getByRole('button', { name: 'Import key material' }).click()
  await bring()
  const { CiphertextBlob } = await stage.kms.send(new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from('older') }))
  const rotate = page.getByRole('button', { name: 'Rotate now' })
  await page.getByRole('table').getByText('Current', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Import key material' }).click()
  await dialog(page).getByRole('button', { name: 'Import as' }).click()
  await page.getByRole('option', { name: 'New key material, to rotate to' }).click()
  await bring()
  await says(page, 'Pending rotation')
  await rotate.click()
  await dialog(page).getByRole('button', { name: 'Rotate key' }).click()
  await says(page, 'The key is rotated.')
  await says(page, 'Non-current')
  const { Plaintext } = await stage.kms.send(new DecryptCommand({ CiphertextBlob }))
  assert.equal(Buffer.from(Plaintext!).toString(), 'older')
})
