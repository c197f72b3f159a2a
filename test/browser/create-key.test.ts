import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { CreateUserCommand } from '@aws-sdk/client-iam'
import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms'
import type { Page } from 'playwright-core'
import { ACCOUNT } from '../support/harness.ts'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { says, setStage, signIn } from './console-page.ts'

const stage = setStage()

async function next(page: Page, heading: string): Promise<void> {
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
}

async function startCreating(page: Page): Promise<void> {
  await signIn(page)
  await page.getByRole('link', { name: 'Create key' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Configure key' }).waitFor()
}

test('a symmetric key with alias, description, tags, administrators and users', { skip }, async (context) => {
  for (const UserName of ['bob', 'carol']) await stage.iam.send(new CreateUserCommand({ UserName }))
  const page = await stage.open(context)
  await startCreating(page)
  await next(page, 'Add labels')
  await page.getByLabel('Alias').fill('payments')
  await page.getByLabel('Description').fill('Envelope key of the payment service')
  await page.getByRole('button', { name: 'Add tag' }).click()
  await page.getByRole('textbox', { name: 'Tag key' }).fill('team')
  await page.getByRole('textbox', { name: 'Tag value' }).fill('payments')
  await next(page, 'Define key administrative permissions')
  await page.getByRole('button', { name: 'Key administrators' }).click()
  await page.getByRole('option', { name: /bob/ }).click()
  await page.keyboard.press('Escape')
  await next(page, 'Define key usage permissions')
  await page.getByRole('button', { name: 'Key users' }).click()
  await page.getByRole('option', { name: /carol/ }).click()
  await page.keyboard.press('Escape')
  await next(page, 'Edit key policy')
  await next(page, 'Review')
  await says(page, 'team=payments')
  await page.getByRole('button', { name: 'Finish' }).click()
  await says(page, /^Your KMS key was created with alias payments and key ID/)
  await page.getByRole('link', { name: 'payments', exact: true }).waitFor()

  const { kms } = stage
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/payments' }))
  const { KeyId, Description, KeySpec, KeyUsage, Origin, MultiRegion } = KeyMetadata!
  assert.deepEqual(
    { Description, KeySpec, KeyUsage, Origin, MultiRegion },
    {
      Description: 'Envelope key of the payment service',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      Origin: 'AWS_KMS',
      MultiRegion: false,
    },
  )
  const { Tags } = await kms.send(new ListResourceTagsCommand({ KeyId }))
  assert.deepEqual(Tags, [{ TagKey: 'team', TagValue: 'payments' }])
  const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
  const statements = JSON.parse(Policy!).Statement as { Sid: string; Principal: { AWS: unknown }; Action: unknown }[]
  // What AWS's console writes: the account, administrators, users, and grants for services.
  assert.deepEqual(
    statements.map(({ Sid, Principal }) => [Sid, Principal.AWS]),
    [
      ['Enable IAM User Permissions', `arn:aws:iam::${ACCOUNT}:root`],
      ['Allow access for Key Administrators', [`arn:aws:iam::${ACCOUNT}:user/bob`]],
      ['Allow use of the key', [`arn:aws:iam::${ACCOUNT}:user/carol`]],
      ['Allow attachment of persistent resources', [`arn:aws:iam::${ACCOUNT}:user/carol`]],
    ],
  )
  assert.deepEqual(statements[2]!.Action, [
    'kms:Encrypt',
    'kms:Decrypt',
    'kms:ReEncrypt*',
    'kms:GenerateDataKey*',
    'kms:DescribeKey',
  ])
})

test('an asymmetric multi-Region key, and its public key in PEM', { skip }, async (context) => {
  const page = await stage.open(context)
  await startCreating(page)
  await page.getByRole('radio', { name: 'Asymmetric' }).check()
  await page.getByRole('radio', { name: 'Sign and verify' }).check()
  await page.getByRole('button', { name: 'Key spec' }).click()
  await page.getByRole('option', { name: 'ECC_NIST_P256' }).click()
  await page.getByRole('button', { name: 'Advanced options' }).click()
  await page.getByRole('radio', { name: 'Multi-Region key' }).check()
  await next(page, 'Add labels')
  await page.getByLabel('Alias').fill('alias/signing')
  for (const heading of ['Define key administrative', 'Define key usage', 'Edit key policy', 'Review']) {
    await next(page, heading)
  }
  await page.getByRole('button', { name: 'Finish' }).click()
  await page.getByRole('link', { name: 'View key' }).click()
  await page.getByRole('tab', { name: 'Public key' }).click()
  const pem = await page.locator('pre', { hasText: 'BEGIN PUBLIC KEY' }).textContent()
  assert.equal(createPublicKey(pem!).asymmetricKeyDetails!.namedCurve, 'prime256v1')

  const { KeyMetadata } = await stage.kms.send(new DescribeKeyCommand({ KeyId: 'alias/signing' }))
  assert.equal(KeyMetadata!.KeySpec, 'ECC_NIST_P256')
  assert.equal(KeyMetadata!.KeyUsage, 'SIGN_VERIFY')
  assert.equal(KeyMetadata!.MultiRegionConfiguration!.MultiRegionKeyType, 'PRIMARY')
})

test('a policy that would lock everybody out is refused, nothing is created, and the form stays', {
  skip,
}, async (context) => {
  const before = await stage.kms.send(new ListKeysCommand())
  const page = await stage.open(context)
  await startCreating(page)
  for (const heading of ['Add labels', 'Define key administrative', 'Define key usage', 'Edit key policy']) {
    await next(page, heading)
  }
  await page.getByRole('textbox', { name: 'Policy' }).fill('{ "Version": "2012-10-17", "Statement": [] }')
  await next(page, 'Review')
  await page.getByRole('button', { name: 'Finish' }).click()
  await says(page, 'Failed to create the key')
  await says(page, /^MalformedPolicyDocumentException: /)
  await says(page, /^Request ID: [0-9a-f-]{36}$/)
  const after = await stage.kms.send(new ListKeysCommand())
  assert.equal(after.Keys!.length, before.Keys!.length)
})

test('a key whose alias is taken is created without it, and both are said', { skip }, async (context) => {
  const page = await stage.open(context)
  await startCreating(page)
  await next(page, 'Add labels')
  await page.getByLabel('Alias').fill('payments')
  for (const heading of ['Define key administrative', 'Define key usage', 'Edit key policy', 'Review']) {
    await next(page, heading)
  }
  await page.getByRole('button', { name: 'Finish' }).click()
  await says(page, 'Failed to create the alias payments')
  await says(page, /^AlreadyExistsException: An alias with the name .* already exists/)
  await says(page, /^Your KMS key was created with key ID/)
  const { Aliases } = await stage.kms.send(new ListAliasesCommand())
  assert.equal(Aliases!.filter(({ AliasName }) => AliasName === 'alias/payments').length, 1)
})
