/** `keyhold key report KEY`: what hangs on a key, read from the data folder; the server may be running. */
import { parseArn } from '../base/arn.ts'
import { systemClock } from '../base/clock.ts'
import { KmsError, notFound } from '../base/errors.ts'
import { OperatorError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { storePasswordIn } from '../config/store-password.ts'
import type { Key } from '../domain/keys/key.ts'
import { locateKey } from '../domain/keys/locate-key.ts'
import { reportKey } from '../domain/reports/key-report.ts'
import type { Reader } from '../domain/store.ts'
import { dataFolder, requireDataFolder } from '../start/data-folder.ts'
import { storePlaceOf } from '../start/store-place.ts'
import { defineCommand } from './command.ts'
import { keyReportJson } from './key-report-json.ts'
import { keyReportText } from './key-report-text.ts'
import { withLastCaller } from './last-caller.ts'
import { whichAccount } from './operator-command.ts'
import { EXIT_OK } from './terminal.ts'

export const keyReport = defineCommand({
  args: ['KEY'],
  settings: ['data', 'account', 'region', 'xksProxy', 'json', 'config'],
  fallbacks: { data: '~/.local/share/keyhold', account: 'the only one' },
  meanings: {
    account: 'Account of a key that is not named by its ARN.',
    region: 'Region of such a key.',
    xksProxy: 'The file that the server was given, for what the key is to others (docs/external-key-manager.md).',
  },
  description: `
Tells all that Keyhold knows about one key, for whoever has to decide whether it may be deleted: who
used it last, when, how and from where; its state, aliases, tags and rotation; whom its policy names.

KEY is a key id, a key ARN, an alias or an alias ARN. The server may be running; uses of its last
minute may be missing.`,
  async run({ settings, args: [name], terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireDataFolder(folder)
    const now = systemClock.now()
    const store = await storePlaceOf(folder, storePasswordIn(terminal.env)).openSnapshot()
    try {
      const key = await findKey(store.reader, name!, { account: settings.account, region: settings.region, time: now })
      const externalKeys = await externalKeysOn(key, settings.xksProxy)
      const report = await withLastCaller(folder, await reportKey(store.reader, key, now), externalKeys)
      terminal.print(settings.json ? keyReportJson(report) : keyReportText(report, now))
      return EXIT_OK
    } finally {
      await store.close()
    }
  },
})

async function externalKeysOn({ arn }: Key, path: string | undefined): Promise<readonly string[]> {
  if (path === undefined) return []
  const { readXksTenants } = await import('../start/xks-proxy.ts')
  const { externalKeysOf } = await import('../xks-proxy/reserved-keys.ts')
  const served = externalKeysOf(readXksTenants(path)).filter(({ key }) => key.arn === arn)
  return served.map(({ externalId, uriPath }) => `${externalId} of ${uriPath}`)
}

interface Where {
  readonly account: string | undefined
  readonly region: string
  readonly time: number
}

async function findKey(reader: Reader, name: string, where: Where): Promise<Key> {
  const arn = parseArn(name)
  const account = arn?.account ?? where.account ?? (await onlyAccount(reader))
  if (account === undefined) {
    throw new OperatorError('this data folder has no account of its own', {
      hint: 'name the key by its ARN, or --account',
    })
  }
  const here = { account, region: arn?.region ?? where.region, time: where.time }
  const hint = `looked in account ${account} and Region ${here.region}; name the key by its ARN, or give --region and --account`
  try {
    const { key, missing } = await locateKey(reader, here, name, 'key or alias')
    if (key !== undefined) return key
    throw notFound(missing!)
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    throw new OperatorError(withoutFullStop(error.text ?? error.code), { hint, cause: error })
  }
}

/** `undefined` if there is none, as in a folder of 'keyhold dev'. @throws {UsageError} if there are several. */
async function onlyAccount(reader: Reader): Promise<string | undefined> {
  const accounts = await reader.listAccounts()
  if (accounts.length > 1) throw whichAccount(accounts)
  return accounts[0]
}

function withoutFullStop(text: string): string {
  return text.replace(/\.$/, '')
}
