import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateKeyCommand, GetKeyPolicyCommand } from '@aws-sdk/client-kms'
import type { Page } from 'playwright-core'
import { ACCOUNT } from '../support/harness.ts'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { openKey, says, setStage, signIn } from './console-page.ts'

const stage = setStage()

const ALL = {
  Sid: 'Enable IAM User Permissions',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: 'kms:*',
  Resource: '*',
}

function policyOf(...statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

async function storedPolicy(KeyId: string): Promise<unknown> {
  const { Policy } = await stage.kms.send(new GetKeyPolicyCommand({ KeyId }))
  return JSON.parse(Policy!)
}

async function startEditing(page: Page): Promise<string> {
  const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand())
  const keyId = KeyMetadata!.KeyId!
  await signIn(page)
  await page.getByRole('link', { name: keyId }).click()
  await says(page, /"Sid": "Enable IAM User Permissions"/)
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  return keyId
}

test('a policy is edited and in force', { skip }, async (context) => {
  const page = await stage.open(context)
  const keyId = await startEditing(page)
  const description = { ...ALL, Sid: 'Others', Principal: { AWS: '*' }, Action: 'kms:DescribeKey' }
  await page.getByRole('textbox', { name: 'Policy' }).fill(policyOf(ALL, description))
  await page.getByRole('button', { name: 'Save changes' }).click()
  await says(page, 'The key policy is changed.')
  await says(page, /"Sid": "Others"/)
  assert.deepEqual(await storedPolicy(keyId), JSON.parse(policyOf(ALL, description)))
})

test('what is no JSON is said while one types, and by the service', { skip }, async (context) => {
  const page = await stage.open(context)
  const keyId = await startEditing(page)
  const before = await storedPolicy(keyId)
  await page.getByRole('textbox', { name: 'Policy' }).fill('{ "Version": "2012-10-17", "Statement": [ }')
  await says(page, /^This is not JSON yet: Unexpected token '}'/)
  await page.getByRole('button', { name: 'Save changes' }).click()
  await says(page, 'Failed to change the key policy')
  await says(page, /^MalformedPolicyDocumentException: /)
  await says(page, /^Request ID: [0-9a-f-]{36}$/)
  assert.deepEqual(await storedPolicy(keyId), before)
})

test('a policy that takes the right to change it away from its writer is refused', { skip }, async (context) => {
  const page = await stage.open(context)
  const keyId = await startEditing(page)
  const before = await storedPolicy(keyId)
  await page.getByRole('textbox', { name: 'Policy' }).fill(policyOf({ ...ALL, Action: 'kms:DescribeKey' }))
  await page.getByRole('button', { name: 'Save changes' }).click()
  // AWS's text (authorization.md LCK).
  await says(
    page,
    /^MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future/,
  )
  await page.getByRole('button', { name: 'Cancel' }).click()
  await says(page, /"Sid": "Enable IAM User Permissions"/)
  assert.deepEqual(await storedPolicy(keyId), before)
  await openKey(page, keyId, 'keyPolicy')
})
