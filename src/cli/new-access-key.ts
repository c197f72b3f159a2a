/** Makes an access key and gives its secret to whoever asked for it: in a file, or on standard output if he says so. */
import { join } from 'node:path'
import { flag } from '../config/command-flags.ts'
import { path, yesOrNo } from '../config/kinds.ts'
import { accessKeyText, reserveFile } from '../start/access-key-file.ts'
import type { Operator } from './operator-command.ts'
import { shellWord, type Terminal } from './terminal.ts'

export const ACCESS_KEY_FLAGS = {
  output: flag(
    path('FILE'),
    'Where to write the access key; default: credentials-ACCOUNT-USER (credentials-SERVICE) in the data folder.',
  ),
  print: flag(yesOrNo, 'Print the access key with its secret instead of writing it to a file.'),
} as const

interface Wanted {
  readonly output: string | undefined
  readonly print: boolean | undefined
}

interface Answer {
  readonly AccessKey: { readonly AccessKeyId: string; readonly SecretAccessKey: string }
}

/**
 * @param userName `undefined`: the account's root.
 * @param prepare what has to be before there can be an access key; nothing of it is done where the key could not be handed over
 */
export async function makeAccessKey(
  operator: Operator,
  userName: string | undefined,
  wanted: Wanted,
  terminal: Terminal,
  prepare: () => Promise<void> = async () => {},
): Promise<void> {
  const account = await operator.account()
  const profile = userName ?? 'root'
  const owner = { profile, file: `credentials-${account}-${profile}`, title: `${profile} in account ${account}` }
  await handOver(operator, owner, wanted, terminal, async () => {
    await prepare()
    const body = userName === undefined ? {} : { UserName: userName }
    const { AccessKey } = await operator.iam<Answer>('CreateAccessKey', body)
    return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey }
  })
}

interface AccessKeyOwner {
  readonly profile: string
  /** Name of the file in the data folder where nothing else is wanted. */
  readonly file: string
  readonly title: string
}

/** The file is there before the access key is made: a secret that could not be written would be lost. */
export async function handOver(
  operator: Operator,
  { profile, file: fileName, title }: AccessKeyOwner,
  { output, print }: Wanted,
  terminal: Terminal,
  make: () => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>,
): Promise<void> {
  const path = output ?? join(operator.folder.path, fileName)
  const file = print ? undefined : reserveFile(path)
  let text: string
  try {
    text = accessKeyText({ profile, ...(await make()), region: operator.region })
  } catch (error) {
    file?.giveBack()
    throw error
  }
  if (file === undefined) {
    terminal.print(text.trimEnd())
    return
  }
  file.write(`# Access key of ${title}.\n${text}`)
  terminal.print(`access key of ${profile} written to ${path}
use it with AWS_SHARED_CREDENTIALS_FILE=${shellWord(path)} AWS_PROFILE=${shellWord(profile)}`)
}
