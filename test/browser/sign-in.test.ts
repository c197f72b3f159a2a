import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateRoleCommand } from '@aws-sdk/client-iam'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { ACCOUNT } from '../support/harness.ts'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { ADMINISTRATOR, REGION, says, setStage, signIn } from './console-page.ts'

const stage = setStage()

test('wrong credentials are refused in the words of the service, with the request id', { skip }, async (context) => {
  const page = await stage.open(context)
  await signIn(page, { ...ADMINISTRATOR, secretAccessKey: 'wrong' })
  await says(page, 'Failed to sign in')
  await says(page, /^SignatureDoesNotMatch: The request signature we calculated does not match/)
  await says(page, /^Request ID: [0-9a-f-]{36}$/)
  assert.equal(await page.evaluate('sessionStorage.length'), 0)

  await signIn(page, { ...ADMINISTRATOR, accessKeyId: 'AKIAUNKNOWNUNKNOWN00' })
  await says(page, /^InvalidClientTokenId: The security token included in the request is invalid/)
})

test('a server that does not answer is said not to answer', { skip }, async (context) => {
  const page = await stage.open(context)
  await page.getByLabel('Access key ID').waitFor()
  await page.route(`${stage.server.endpoint}/`, (route) => route.abort())
  await signIn(page)
  await says(page, `: ${stage.server.endpoint} does not answer. Is Keyhold running?`)
})

test('nothing is sent while something is missing', { skip }, async (context) => {
  const page = await stage.open(context)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await says(page, 'Enter an access key ID.')
  await says(page, 'Enter a secret access key.')
  await page.getByRole('combobox', { name: 'Region' }).fill('Frankfurt')
  await says(page, 'Enter a Region name such as eu-central-1.')
})

test('right credentials lead in, stay in the tab alone, and are gone after signing out', { skip }, async (context) => {
  const page = await stage.open(context)
  assert.equal(new URL(page.url()).pathname, '/console/', 'a browser is led to the console')
  await signIn(page)
  await says(page, 'You have no customer managed keys in eu-central-1.')
  await page.getByRole('button', { name: `Signed in as arn:aws:iam::${ACCOUNT}:user/alice` }).waitFor()

  await page.reload()
  await says(page, 'You have no customer managed keys in eu-central-1.')
  const kept = (await page.evaluate(`({
    local: localStorage.length,
    session: Object.values({ ...sessionStorage }).join(),
    cookie: document.cookie,
    address: location.href,
  })`)) as { local: number; session: string; cookie: string; address: string }
  assert.ok(kept.session.includes(ADMINISTRATOR.secretAccessKey))
  assert.deepEqual({ local: kept.local, cookie: kept.cookie }, { local: 0, cookie: '' })
  assert.ok(!kept.address.includes('AKIA'))

  await page.getByRole('button', { name: /^Signed in as/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByLabel('Access key ID').waitFor()
  assert.equal(await page.getByLabel('Secret access key').inputValue(), '')
  assert.equal(await page.evaluate('sessionStorage.length'), 0)
})

test('temporary credentials lead in with their token, and the Region can be changed', { skip }, async (context) => {
  const trust = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [trust] })
  const { Role } = await stage.iam.send(
    new CreateRoleCommand({ RoleName: 'visitor', AssumeRolePolicyDocument: document }),
  )
  const sts = new STSClient({ endpoint: stage.server.endpoint, region: REGION, credentials: { ...ADMINISTRATOR } })
  const request = new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: 'tour' })
  const { Credentials: given } = await sts.send(request)
  sts.destroy()

  const page = await stage.open(context)
  await page.getByRole('button', { name: 'Temporary credentials' }).click()
  await page.getByLabel('Session token').fill(given!.SessionToken!)
  await signIn(page, { accessKeyId: given!.AccessKeyId!, secretAccessKey: given!.SecretAccessKey! })
  await page.getByRole('button', { name: `Signed in as arn:aws:sts::${ACCOUNT}:assumed-role/visitor/tour` }).waitFor()
  await says(page, 'You are not authorized to list keys')

  await page.getByRole('button', { name: `Region: ${REGION}` }).click()
  await page.getByRole('menuitem', { name: /Paris/ }).click()
  await page.getByRole('button', { name: 'Region: eu-west-3' }).waitFor()
  await says(page, /is not authorized to perform: kms:ListKeys/)
})
