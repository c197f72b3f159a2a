/** Commands with which an operator manages identities in a data folder, whether its server runs or not. */
import { silentLog } from '../base/log.ts'
import type { CommandFlags, FlagValues } from '../config/command-flags.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { storePasswordIn } from '../config/store-password.ts'
import { type DataFolder, dataFolder, requireDataFolder, requireOwner } from '../start/data-folder.ts'
import { type OperatorNode, openOperatorNode } from '../start/operator-node.ts'
import { ROOT_KEY_SETTINGS, rootKeyChoiceOf } from '../start/root-key-choice.ts'
import { sharesWhenNeeded } from './ask-shares.ts'
import { type Command, defineCommand } from './command.ts'
import { EXIT_OK, type Terminal } from './terminal.ts'

export interface Operator extends Omit<OperatorNode, 'iam' | 'close'> {
  readonly folder: DataFolder
  /** Of `--account`. */
  readonly wantedAccount: string | undefined
  readonly region: string
  /** The one that `--account` names, or the only one. @throws {OperatorError} */
  account(): Promise<string>
  /** Calls an operation of IAM for that account. @throws {OperatorError} with the text of what it refuses. */
  iam<T>(operation: string, body?: object): Promise<T>
  iamOf: OperatorNode['iam']
}

interface OperatorInvocation<F extends CommandFlags> {
  readonly operator: Operator
  readonly flags: FlagValues<F>
  readonly args: readonly string[]
  readonly terminal: Terminal
}

interface OperatorDeclaration<F extends CommandFlags> {
  readonly args?: readonly string[]
  readonly flags?: F
  /** Whether it works on one account, which `--account` names; yes if absent. A flag that means nothing would be believed. */
  readonly ofAccount?: boolean
  readonly description: string
  run(invocation: OperatorInvocation<F>): Promise<void>
}

const ABOUT = `
Works on the data folder itself, whether its server runs or not; what it changes is in force on running
servers within a second, and is in the audit log.`

const SETTINGS = ['data', ...ROOT_KEY_SETTINGS, 'account', 'region', 'externalAccounts', 'config'] as const

export function defineOperatorCommand<const F extends CommandFlags = Record<never, never>>({
  args = [],
  flags = {} as F,
  ofAccount = true,
  description,
  run,
}: OperatorDeclaration<F>): Command {
  return defineCommand({
    args,
    flags,
    settings: ofAccount ? SETTINGS : SETTINGS.filter((name) => name !== 'account'),
    fallbacks: { data: '~/.local/share/keyhold', account: 'the only one', externalAccounts: 'reject' },
    meanings: { account: 'Account to work on.', region: 'Region in the files with access keys.' },
    description: `${description.trim()}\n${ABOUT}`,
    async run({ settings, flags, args, terminal }) {
      const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
      requireDataFolder(folder)
      requireOwner(folder)
      const choice = { ...rootKeyChoiceOf(settings, terminal.env), openShares: sharesWhenNeeded(terminal) }
      const { externalAccounts } = settings
      const storePassword = storePasswordIn(terminal.env)
      const node = await openOperatorNode({ ...choice, storePassword, folder, externalAccounts, log: silentLog })
      try {
        await run({ operator: operatorOn(node, folder, settings), flags, args, terminal })
      } finally {
        await node.close()
      }
      return EXIT_OK
    },
  })
}

type Wanted = { readonly account: string | undefined; readonly region: string }

function operatorOn(node: OperatorNode, folder: DataFolder, { account: wantedAccount, region }: Wanted): Operator {
  const account = async () => chooseAccount(await node.store.listAccounts(), wantedAccount, folder)
  return {
    ...node,
    folder,
    wantedAccount,
    region,
    account,
    iamOf: node.iam,
    iam: async (operation, body = {}) => node.iam(await account(), operation, body),
  }
}

function chooseAccount(accounts: readonly string[], wanted: string | undefined, { path }: DataFolder): string {
  const [only] = accounts
  if (only === undefined) {
    throw new OperatorError(`there is no account in ${path}`, {
      hint: "'keyhold start' makes one with an administrator; a folder of 'keyhold dev' has none",
    })
  }
  if (wanted === undefined && accounts.length === 1) return only
  if (wanted !== undefined && accounts.includes(wanted)) return wanted
  throw wanted === undefined
    ? whichAccount(accounts)
    : new UsageError(`--account ${wanted}: there is no such account in ${path}`, { hint: accountsHint(accounts) })
}

/** None of several is the one that is meant. */
export function whichAccount(accounts: readonly string[]): UsageError {
  return new UsageError('which account? name it with --account', { hint: accountsHint(accounts) })
}

function accountsHint(accounts: readonly string[]): string {
  return `the accounts are ${accounts.join(', ')}`
}

interface IamPage {
  readonly IsTruncated: boolean
  readonly Marker?: string
}

/** All pages of a list. @param member where the answer has the items. */
export async function listAll<T>(
  operator: Pick<Operator, 'iam'>,
  operation: string,
  member: string,
  body: object = {},
): Promise<readonly T[]> {
  const items: T[] = []
  for (let Marker: string | undefined; ; ) {
    const request = { ...body, MaxItems: 1000, ...(Marker !== undefined && { Marker }) }
    const page = await operator.iam<IamPage & Readonly<Record<string, unknown>>>(operation, request)
    items.push(...(page[member] as readonly T[]))
    if (!page.IsTruncated) return items
    Marker = page.Marker
  }
}
