/** What people see who may not do everything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { CreateKeyCommand, DescribeKeyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { ACCOUNT } from '../support/harness.ts'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { type AccessKey, dialog, keyAction, openKey, says, setStage, signIn } from './console-page.ts'

const stage = setStage()

async function newUser(UserName: string, ...actions: readonly string[]): Promise<AccessKey> {
  await stage.iam.send(new CreateUserCommand({ UserName }))
  if (actions.length > 0) {
    const statement = { Effect: 'Allow', Action: actions, Resource: '*' }
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await stage.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument }))
  }
  const { AccessKey } = await stage.iam.send(new CreateAccessKeyCommand({ UserName }))
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! }
}

test('somebody without any permission is told which one is missing', { skip }, async (context) => {
  const page = await stage.open(context)
  await signIn(page, await newUser('nobody'))
  await says(page, 'You are not authorized to list keys')
  await says(page, `User: arn:aws:iam::${ACCOUNT}:user/nobody is not authorized to perform: kms:ListKeys`)
  await says(page, /^Request ID: [0-9a-f-]{36}$/)
})

test('a reader sees keys, and what he may not do says so in its dialog', { skip }, async (context) => {
  const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand())
  const { KeyId, Arn } = KeyMetadata!
  const page = await stage.open(context)
  await signIn(page, await newUser('reader', 'kms:List*', 'kms:Describe*'))
  await openKey(page, KeyId!)
  await says(page, 'You are not authorized to view the key policy')
  await says(page, /not authorized to perform: kms:GetKeyPolicy on resource: arn:aws:kms:/)
  await keyAction(page, 'Disable')
  await dialog(page).getByRole('button', { name: 'Disable key' }).click()
  await dialog(page).getByText(`You are not authorized to disable key ${KeyId}`).waitFor()
  await dialog(page)
    .getByText(
      `User: arn:aws:iam::${ACCOUNT}:user/reader is not authorized to perform: kms:DisableKey on resource: ${Arn}`,
    )
    .waitFor()
  const after = await stage.kms.send(new DescribeKeyCommand({ KeyId }))
  assert.equal(after.KeyMetadata!.KeyState, 'Enabled')
})

test('without the permission to list aliases keys are listed all the same', { skip }, async (context) => {
  const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand())
  const page = await stage.open(context)
  await signIn(page, await newUser('lister', 'kms:ListKeys', 'kms:DescribeKey'))
  await says(page, 'You are not authorized to list aliases')
  await page.getByRole('row', { name: KeyMetadata!.KeyId! }).getByText('Enabled').waitFor()
})

test('a key that its policy hides is listed without hiding the others', { skip }, async (context) => {
  const { KeyMetadata: hidden } = await stage.kms.send(new CreateKeyCommand())
  const { KeyMetadata: open } = await stage.kms.send(new CreateKeyCommand())
  const administrator = { AWS: `arn:aws:iam::${ACCOUNT}:user/alice` }
  const statement = { Effect: 'Allow', Principal: administrator, Action: 'kms:*', Resource: '*' }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await stage.kms.send(new PutKeyPolicyCommand({ KeyId: hidden!.KeyId, Policy }))
  const page = await stage.open(context)
  await signIn(page, await newUser('colleague', 'kms:*'))
  await page.getByRole('row', { name: open!.KeyId! }).getByText('Enabled').waitFor()
  const row = page.getByRole('row', { name: hidden!.KeyId! })
  await row.getByText('Not readable').click()
  await says(page, /not authorized to perform: kms:DescribeKey/)
})

test('whoever may not list users still creates a key, with the names that he enters', { skip }, async (context) => {
  const page = await stage.open(context)
  await signIn(page, await newUser('maker', 'kms:*'))
  await page.getByRole('link', { name: 'Create key' }).first().click()
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('button', { name: 'Next' }).click()
  await says(page, /not authorized to perform: iam:List(?:Users|Roles)/)
  await page.getByLabel('Others').fill(`arn:aws:iam::${ACCOUNT}:user/alice`)
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('heading', { level: 1, name: 'Define key usage permissions' }).waitFor()
  assert.equal(await page.getByLabel('Others').inputValue(), '', 'users are not administrators')
  for (let step = 0; step < 2; step++) await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('button', { name: 'Finish' }).click()
  await says(page, /^Your KMS key was created with key ID/)
})
