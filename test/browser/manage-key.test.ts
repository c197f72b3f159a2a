import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  type KeyMetadata,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms'
import { ACCOUNT } from '../support/harness.ts'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { dialog, keyAction, openKey, REGION, says, setStage, signIn } from './console-page.ts'

const stage = setStage()

async function newKey(input = {}): Promise<string> {
  const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand(input))
  return KeyMetadata!.KeyId!
}

async function describe(KeyId: string): Promise<KeyMetadata> {
  return (await stage.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
}

test('a key is rotated now and by itself', { skip }, async (context) => {
  const keyId = await newKey()
  const { CurrentKeyMaterialId: first } = await describe(keyId)
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId, 'rotation')
  await page.getByRole('button', { name: 'Rotate now' }).click()
  await dialog(page).getByRole('button', { name: 'Rotate key' }).click()
  await says(page, 'The key is rotated.')
  const table = page.getByRole('table', { name: 'Key materials and rotations' })
  await table.getByText('On-demand').waitFor()
  await table.getByText('Non-current').waitFor()
  const { CurrentKeyMaterialId: second } = await describe(keyId)
  assert.notEqual(second, first)
  await table.getByTitle(first!).waitFor()
  await table.getByTitle(second!).waitFor()
  const { Rotations } = await stage.kms.send(new ListKeyRotationsCommand({ KeyId: keyId }))
  assert.deepEqual(
    Rotations!.map(({ RotationType }) => RotationType),
    ['ON_DEMAND'],
  )

  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  await dialog(page).getByLabel('Automatically rotate this KMS key').check()
  await dialog(page).getByLabel('Rotation period').fill('30')
  await says(page, 'Enter a whole number from 90 to 2560.')
  await dialog(page).getByLabel('Rotation period').fill('180')
  await dialog(page).getByRole('button', { name: 'Save changes' }).click()
  await says(page, 'The key rotates every 180 days.')
  const status = await stage.kms.send(new GetKeyRotationStatusCommand({ KeyId: keyId }))
  assert.deepEqual([status.KeyRotationEnabled, status.RotationPeriodInDays], [true, 180])
})

test('a key is disabled and enabled, from its page and from the list', { skip }, async (context) => {
  const keyId = await newKey({ Description: 'switch' })
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId)
  await keyAction(page, 'Disable')
  await dialog(page).getByRole('button', { name: 'Disable key' }).click()
  await says(page, `Key ${keyId} is disabled.`)
  assert.equal((await describe(keyId)).KeyState, 'Disabled')

  await page.getByRole('link', { name: 'Customer managed keys' }).first().click()
  await page.getByPlaceholder('Filter keys by alias or key ID').fill(keyId.slice(0, 13))
  const row = page.getByRole('row', { name: keyId })
  await row.getByText('Disabled').waitFor()
  await row.getByRole('checkbox').check()
  await keyAction(page, 'Enable')
  await says(page, `Key ${keyId} is enabled.`)
  await row.getByText('Enabled').waitFor()
  assert.equal((await describe(keyId)).KeyState, 'Enabled')

  await page.getByPlaceholder('Filter keys by alias or key ID').fill('no such key')
  await says(page, 'No matches')
})

test('a deletion is scheduled with a warning that names the last use, and cancelled', { skip }, async (context) => {
  const keyId = await newKey()
  await stage.kms.send(new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from('still needed') }))
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId)
  await keyAction(page, 'Schedule key deletion')
  await dialog(page)
    .getByText(/\(Encrypt\)$/)
    .waitFor()
  await dialog(page).getByRole('spinbutton', { name: 'Waiting period' }).fill('6')
  await says(page, 'Enter a whole number from 7 to 30.')
  await dialog(page).getByRole('spinbutton', { name: 'Waiting period' }).fill('7')
  const schedule = dialog(page).getByRole('button', { name: 'Schedule deletion' })
  assert.ok(await schedule.isDisabled(), 'it asks twice')
  await dialog(page).getByRole('checkbox').check()
  await schedule.click()
  await says(page, `Key ${keyId} is scheduled for deletion.`)
  await says(page, /^This key will be deleted on/)
  const { KeyState, DeletionDate } = await describe(keyId)
  assert.equal(KeyState, 'PendingDeletion')
  assert.ok(Math.abs(DeletionDate!.getTime() - Date.now() - 7 * 86_400_000) < 60_000)

  await keyAction(page, 'Cancel key deletion')
  await dialog(page).getByRole('button', { name: 'Cancel key deletion' }).click()
  await says(page, `The deletion of key ${keyId} is cancelled.`)
  assert.equal((await describe(keyId)).KeyState, 'Disabled')
})

test('tags, aliases and the description change', { skip }, async (context) => {
  const keyId = await newKey({ Tags: [{ TagKey: 'old', TagValue: '1' }] })
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId, 'tags')
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  await dialog(page).getByRole('button', { name: 'Remove tag old' }).click()
  await dialog(page).getByRole('button', { name: 'Add tag' }).click()
  await dialog(page).getByRole('textbox', { name: 'Tag key' }).fill('aws:new')
  await dialog(page).getByRole('button', { name: 'Save changes' }).click()
  await says(page, 'Failed to change the tags of the key')
  await dialog(page).getByRole('textbox', { name: 'Tag key' }).fill('new')
  await dialog(page).getByRole('textbox', { name: 'Tag value' }).fill('2')
  await dialog(page).getByRole('button', { name: 'Save changes' }).click()
  await says(page, 'The tags are changed.')
  const { Tags } = await stage.kms.send(new ListResourceTagsCommand({ KeyId: keyId }))
  assert.deepEqual(Tags, [{ TagKey: 'new', TagValue: '2' }])

  await page.getByRole('tab', { name: 'Aliases' }).click()
  await page.getByRole('button', { name: 'Create alias' }).click()
  await dialog(page).getByLabel('Alias name').fill('aws/mine')
  await dialog(page).getByRole('button', { name: 'Create alias' }).click()
  await says(page, 'Failed to create the alias')
  await dialog(page).getByLabel('Alias name').fill('mine')
  await dialog(page).getByRole('button', { name: 'Create alias' }).click()
  await says(page, 'Alias mine is created.')
  await page.getByRole('heading', { level: 1, name: 'mine' }).waitFor()
  await page.getByRole('checkbox', { name: 'Select alias/mine' }).check()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await dialog(page).getByRole('button', { name: 'Delete', exact: true }).click()
  await says(page, 'Alias mine is deleted.')
  assert.deepEqual((await stage.kms.send(new ListAliasesCommand({ KeyId: keyId }))).Aliases, [])

  await keyAction(page, 'Edit description')
  await dialog(page).getByLabel('Description').fill('for the tests')
  await dialog(page).getByRole('button', { name: 'Save changes' }).click()
  await says(page, 'for the tests')
  assert.equal((await describe(keyId)).Description, 'for the tests')
})

test('a grant is created with an encryption context, and revoked', { skip }, async (context) => {
  const keyId = await newKey()
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId, 'grants')
  await says(page, 'The key has no grants.')
  await page.getByRole('button', { name: 'Create grant' }).click()
  await dialog(page).getByLabel('Grantee principal').fill(`arn:aws:iam::${ACCOUNT}:user/nobody`)
  await dialog(page).getByRole('button', { name: 'Operations' }).click()
  await page.getByRole('option', { name: 'Decrypt', exact: true }).click()
  await page.keyboard.press('Escape')
  await dialog(page).getByRole('radio', { name: 'Includes these pairs' }).check()
  await dialog(page).getByLabel('Context key').fill('department')
  await dialog(page).getByLabel('Context value').fill('finance')
  await dialog(page).getByRole('button', { name: 'Create grant' }).click()
  await says(page, 'Failed to create the grant')
  await says(page, /^InvalidArnException: /)
  await dialog(page).getByLabel('Grantee principal').fill(`arn:aws:iam::${ACCOUNT}:user/alice`)
  await dialog(page).getByRole('button', { name: 'Create grant' }).click()
  await says(page, 'The grant is created.')
  await says(page, 'encryption context has department=finance')
  const { Grants } = await stage.kms.send(new ListGrantsCommand({ KeyId: keyId }))
  const [{ Operations, Constraints } = {}] = Grants!
  assert.deepEqual(Operations, ['Decrypt'])
  assert.deepEqual(Constraints, { EncryptionContextSubset: { department: 'finance' } })

  await page.getByRole('checkbox', { name: /^Select grant/ }).check()
  await page.getByRole('button', { name: 'Revoke', exact: true }).click()
  await dialog(page).getByRole('button', { name: 'Revoke', exact: true }).click()
  await says(page, 'The grant is revoked.')
  await says(page, 'The key has no grants.')
})

test('a multi-Region key gets a replica, which becomes the primary', { skip }, async (context) => {
  const keyId = await newKey({ MultiRegion: true })
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, keyId, 'regionality')
  await page.getByRole('button', { name: 'Create new replica keys' }).click()
  await dialog(page).getByRole('combobox', { name: 'Replica Region' }).fill('us-west-2')
  await page.getByRole('option', { name: 'us-west-2 US West (Oregon)' }).click()
  await dialog(page).getByRole('button', { name: 'Create replica key' }).click()
  await says(page, 'The key has a replica in us-west-2.')
  await page.getByRole('button', { name: 'Change primary Region' }).click()
  await dialog(page).getByRole('button', { name: 'Change primary Region' }).click()
  await says(page, 'The primary key is in us-west-2 now.')
  const { MultiRegionConfiguration } = await describe(keyId)
  assert.equal(MultiRegionConfiguration!.PrimaryKey!.Region, 'us-west-2')
  assert.deepEqual(
    MultiRegionConfiguration!.ReplicaKeys!.map(({ Region }) => Region),
    [REGION],
  )
  await page.getByRole('button', { name: 'us-west-2', exact: true }).click()
  await page.getByRole('button', { name: 'Region: us-west-2' }).waitFor()
  await says(page, 'Multi-Region primary')
})
