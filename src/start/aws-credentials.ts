/**
 * Credentials for calls of AWS's API, from where AWS's tools look: the variables, or a file in the shared credentials format. Read anew for
 * each call, because files are renewed.
 */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { CallCredentials } from '../outgoing/kms-calls.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** For operators: says where they were looked for. */
export class CredentialsError extends Error {}

/** @param file in the shared credentials format; `undefined`: the variables, then the file that AWS's tools read. @throws {CredentialsError} */
export function readAwsCredentials(file: string | undefined, env: Environment): CallCredentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (file === undefined && accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined }
  }
  const path = file ?? (env.AWS_SHARED_CREDENTIALS_FILE || join(homedir(), '.aws', 'credentials'))
  const profiles = parseProfiles(read(path))
  // A file with one profile, such as those that Keyhold writes, leaves no doubt.
  const [only] = profiles.size === 1 ? profiles.keys() : []
  const name = env.AWS_PROFILE || (file !== undefined && only !== undefined ? only : 'default')
  const profile = profiles.get(name)
  const found = { id: profile?.get('aws_access_key_id'), secret: profile?.get('aws_secret_access_key') }
  if (found.id === undefined || found.secret === undefined) {
    throw new CredentialsError(`there is no access key in the profile ${name} of ${path}`)
  }
  return { accessKeyId: found.id, secretAccessKey: found.secret, sessionToken: profile?.get('aws_session_token') }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new CredentialsError(
      `there are no credentials: not in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and ${path} cannot be read (${code})`,
      { cause },
    )
  }
}

function parseProfiles(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const profiles = new Map<string, Map<string, string>>()
  let profile: Map<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(.*?)\s*\]\s*$/.exec(line)
    if (section !== null) {
      profile = profiles.get(section[1]!) ?? new Map()
      profiles.set(section[1]!, profile)
    }
    const pair = /^\s*([a-z_]+)\s*=\s*(\S.*?)\s*$/.exec(line)
    if (pair !== null) profile?.set(pair[1]!, pair[2]!)
  }
  return profiles
}
