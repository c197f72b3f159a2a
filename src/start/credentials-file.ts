/** `DIR/credentials`: the administrator's access key in AWS's shared credentials format, for `--profile keyhold`. */
import { readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'
import type { Administrator } from '../domain/identity/administrator.ts'
import { accountOfAccessKeyId } from '../domain/identity/identifiers.ts'
import { writeDurably } from './write-durably.ts'

export const PROFILE = 'keyhold'

export function writeCredentials(path: string, administrator: Administrator, region: string): void {
  const { account, accessKeyId, secretAccessKey } = administrator
  const text = `# Administrator of account ${account}. Whoever can read this file can use every key of the account.
[${PROFILE}]
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}
region = ${region}
`
  writeDurably(path, text)
}

const SECRET = /^[A-Za-z0-9+/]{40}$/

/** `undefined` if there is no such file. @throws {OperatorError} if it holds something else. */
export function readCredentials(path: string): Administrator | undefined {
  const text = readIfPresent(path)
  if (text === undefined) return undefined
  const values = profileOf(text)
  const accessKeyId = values.get('aws_access_key_id') ?? ''
  const secretAccessKey = values.get('aws_secret_access_key') ?? ''
  const account = accountOfAccessKeyId(accessKeyId)
  if (account !== undefined && SECRET.test(secretAccessKey)) return { account, accessKeyId, secretAccessKey }
  throw new OperatorError(`${path} is not a credentials file that Keyhold wrote`, {
    hint: 'move it away; new credentials will be made',
  })
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const { reason, hint } = fileFault(cause)
    throw new OperatorError(`cannot read ${path}: ${reason}`, { hint, cause })
  }
}

function profileOf(text: string): Map<string, string> {
  const values = new Map<string, string>()
  let inProfile = false
  for (const line of text.split(/\r?\n/)) {
    const section = /^\[(.*)\]\s*$/.exec(line)
    if (section !== null) inProfile = section[1] === PROFILE
    const pair = /^([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line)
    if (inProfile && pair !== null) values.set(pair[1]!, pair[2]!)
  }
  return values
}
