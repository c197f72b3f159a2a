/** The console in a browser, over a Keyhold in this process: what people do there, and an SDK client that looks after them. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, type TestContext } from 'node:test'
import { IAMClient } from '@aws-sdk/client-iam'
import { KMSClient } from '@aws-sdk/client-kms'
import type { Browser, Locator, Page } from 'playwright-core'
import { CONSOLE_FOLDER } from '../../src/start/console-folder.ts'
import {
  ACCESS_KEY_ID,
  SECRET_ACCESS_KEY,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from '../support/test-server.ts'
import { launchChromium, WITHOUT_CHROMIUM } from './chromium.ts'

export const REGION = 'eu-central-1'
const TIMEOUT_MS = 15_000

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export const ADMINISTRATOR: AccessKey = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  /** The test makes something go wrong in the page. */
  readonly mayFail?: boolean
}

export interface Stage {
  readonly server: TestServer
  /** Of the administrator, beside the browser. */
  readonly kms: KMSClient
  readonly iam: IAMClient
  /** A new tab on the sign-in form. At the end of the test nothing may have gone wrong in it. */
  open(context: TestContext, options?: PageOptions): Promise<Page>
}

/** One server and one browser for the tests of a file. */
export function setStage(options: () => Promise<TestServerOptions> = async () => ({})): Stage {
  let server: TestServer
  let browser: Browser
  let kms: KMSClient
  let iam: IAMClient

  before(async () => {
    if (WITHOUT_CHROMIUM) return
    assert.ok(existsSync(CONSOLE_FOLDER), 'the console is not built: npm run test:browser builds it')
    server = await startTestServer({ ...(await options()), consoleFolder: CONSOLE_FOLDER })
    const settings = { endpoint: server.endpoint, region: REGION, credentials: { ...ADMINISTRATOR } }
    kms = new KMSClient(settings)
    iam = new IAMClient(settings)
    browser = await launchChromium()
  })

  after(async () => {
    await browser?.close()
    kms?.destroy()
    iam?.destroy()
    await server?.stop()
  })

  return {
    get server() {
      return server
    },
    get kms() {
      return kms
    },
    get iam() {
      return iam
    },
    async open(context, { width = 1280, height = 900, mayFail = false } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, acceptDownloads: true })
      page.setDefaultTimeout(TIMEOUT_MS)
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => {
        // The browser reports answers with status 400 on its own; those are part of some journeys.
        const isFault = message.type() === 'error' && !message.text().startsWith('Failed to load resource')
        if (isFault) faults.push(message.text())
      })
      page.on('request', (request) => {
        const isOurs = request.url().startsWith(server.endpoint) || /^(?:data|blob):/.test(request.url())
        if (!isOurs) faults.push(`a request went to ${request.url()}`)
      })
      context.after(async () => {
        await page.close()
        if (!mayFail) assert.deepEqual(faults, [], 'the page had faults')
      })
      await page.goto(server.endpoint)
      return page
    },
  }
}

export async function signIn(page: Page, { accessKeyId, secretAccessKey } = ADMINISTRATOR): Promise<void> {
  await page.getByLabel('Access key ID').fill(accessKeyId)
  await page.getByLabel('Secret access key').fill(secretAccessKey)
  await page.getByRole('combobox', { name: 'Region' }).fill(REGION)
  await page.getByLabel('Secret access key').press('Enter')
}

export async function openKey(page: Page, keyId: string, tab?: string): Promise<void> {
  const [address] = page.url().split('#')
  await page.goto(`${address}#/kms/keys/${keyId}${tab === undefined ? '' : `/${tab}`}`)
  await page.getByRole('heading', { name: 'General configuration' }).waitFor()
}

/** Chooses from the menu of a key's page. */
export async function keyAction(page: Page, action: string): Promise<void> {
  await page.getByRole('button', { name: 'Key actions' }).click()
  await page.getByRole('menuitem', { name: action, exact: true }).click()
}

export function dialog(page: Page): Locator {
  return page.getByRole('dialog')
}

/** Waits until the page says so. */
export async function says(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor()
}
