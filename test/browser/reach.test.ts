/** The console without a mouse, on a narrow screen, with many keys, and with files that are gone; what a visit costs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms'
import type { Page } from 'playwright-core'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { ADMINISTRATOR, dialog, openKey, REGION, says, setStage, signIn } from './console-page.ts'

const stage = setStage()

async function newKey(alias: string): Promise<string> {
  const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand())
  await stage.kms.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId: KeyMetadata!.KeyId }))
  return KeyMetadata!.KeyId!
}

/** Presses Tab until the element with this name has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const focused = (await page.evaluate(
      'document.activeElement.ariaLabel || document.activeElement.textContent || document.activeElement.value',
    )) as string
    if (name.test(focused)) return
  }
  assert.fail(`Tab never reached ${name}`)
}

test('a key is found and disabled with the keyboard alone', { skip }, async (context) => {
  const keyId = await newKey('by-keyboard')
  const page = await stage.open(context)
  await page.getByLabel('Access key ID').waitFor()
  // The first field has the focus.
  await page.keyboard.type(ADMINISTRATOR.accessKeyId)
  await page.keyboard.press('Tab')
  await page.keyboard.type(ADMINISTRATOR.secretAccessKey)
  await tabTo(page, /^Region$/)
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type(REGION)
  await page.keyboard.press('Escape')
  await tabTo(page, /^Sign in$/)
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'by-keyboard' }).waitFor()
  await tabTo(page, /^by-keyboard$/)
  await page.keyboard.press('Enter')
  await says(page, 'General configuration')
  await tabTo(page, /^Key actions$/)
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await dialog(page).waitFor()
  await tabTo(page, /^Disable key$/)
  await page.keyboard.press('Enter')
  await says(page, 'Key by-keyboard is disabled.')
  const { KeyMetadata } = await stage.kms.send(new DescribeKeyCommand({ KeyId: keyId }))
  assert.equal(KeyMetadata!.KeyState, 'Disabled')
})

test('nothing is wider than a phone', { skip }, async (context) => {
  const keyId = await newKey('on-a-phone')
  const page = await stage.open(context, { width: 390, height: 844 })
  const fits = async (what: string) =>
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390, what)
  await page.getByLabel('Access key ID').waitFor()
  await fits('the form')
  await signIn(page)
  await page.getByRole('link', { name: 'on-a-phone' }).waitFor()
  await fits('the list')
  for (const tab of ['keyPolicy', 'technicalDetails', 'tags', 'rotation', 'aliases', 'grants']) {
    await openKey(page, keyId, tab)
    await page.getByRole('tab', { selected: true }).waitFor()
    await fits(tab)
  }
  await page.goto(`${page.url().split('#')[0]}#/kms/keys/create`)
  await page.getByRole('heading', { name: 'Configure key' }).waitFor()
  await fits('the wizard')
})

test('the longest alias and description that AWS allows leave room for the rest', { skip }, async (context) => {
  const keyId = await newKey('l'.repeat(250))
  await stage.kms.send(new UpdateKeyDescriptionCommand({ KeyId: keyId, Description: 'd'.repeat(8192) }))
  const page = await stage.open(context)
  await signIn(page)
  await page.getByRole('link', { name: 'l'.repeat(250) }).waitFor()
  const heading = (await page.getByRole('columnheader', { name: 'Key spec' }).boundingBox())!
  assert.ok(heading.x < 1280, `the spec begins at ${heading.x}`)
  await openKey(page, keyId)
  const tabs = (await page.getByRole('tablist').boundingBox())!
  assert.ok(tabs.y < 900, `the tabs begin at ${tabs.y}`)
})

test('more keys than fit on a page are paged, and filtered whole', { skip }, async (context) => {
  for (let index = 10; index < 35; index++) await newKey(`many-${index}`)
  const page = await stage.open(context)
  await signIn(page)
  await page.getByRole('link', { name: 'many-10' }).waitFor()
  assert.equal(await page.getByRole('row').count(), 21, 'the header and 20 keys')
  await page.getByRole('button', { name: 'Next page' }).click()
  await page.getByRole('link', { name: 'many-34' }).waitFor()
  await page.getByPlaceholder('Filter keys by alias or key ID').fill('MANY-3')
  await says(page, '5 matches')
  assert.equal(await page.getByRole('row').count(), 6)
})

test('AWS managed keys have a list of their own, and nothing there can be changed', { skip }, async (context) => {
  const { KeyMetadata } = await stage.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
  const page = await stage.open(context)
  await signIn(page)
  await page.getByRole('link', { name: 'AWS managed keys' }).click()
  await page.getByRole('link', { name: 'aws/s3', exact: true }).click()
  await says(page, 'General configuration')
  await says(page, /"Version": "2012-10-17"/)
  assert.equal(await page.getByRole('button', { name: 'Key actions' }).count(), 0)
  assert.equal(await page.getByRole('button', { name: 'Edit', exact: true }).count(), 0)
  await page.getByRole('link', { name: 'Customer managed keys' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Customer managed keys' }).waitFor()
  assert.equal(await page.getByText(KeyMetadata!.KeyId!).count(), 0)
})

test('a page whose files are gone says so, and the rest stays', { skip }, async (context) => {
  const keyId = await newKey('of-yesterday')
  const page = await stage.open(context, { mayFail: true })
  await page.route('**/assets/key-page-*.js', (route) => route.fulfill({ status: 404, body: '' }))
  await signIn(page)
  await page.getByPlaceholder('Filter keys by alias or key ID').fill('yesterday')
  await page.getByRole('link', { name: 'of-yesterday' }).click()
  await says(page, 'This page could not be shown')
  await page.unroute('**/assets/key-page-*.js')
  await page.getByRole('button', { name: 'Reload' }).click()
  await says(page, 'General configuration')
  assert.ok(page.url().endsWith(keyId))
})

test('a first visit loads less than 800 KB', { skip }, async (context) => {
  const page = await stage.open(context)
  let bytes = 0
  page.on('response', async (response) => {
    if (response.request().method() === 'GET') bytes += Number(response.headers()['content-length'])
  })
  await page.reload()
  await signIn(page)
  await page.getByRole('heading', { name: 'Customer managed keys' }).waitFor()
  assert.ok(bytes > 10_000 && bytes < 800_000, `${bytes} bytes`)
})
