/** A Keyhold on a folder of its own, with one key that has a key policy of two statements. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CreateKeyCommand, type CreateKeyCommandInput, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { type Server, startServer } from './processes.ts'

const THIS_VERSION = join(import.meta.dirname, '../..')
export const REGION = 'eu-central-1'

/** A Keyhold and its administrator. */
export interface RunningKeyhold extends Server {
  /** A new client each time: some callers change theirs. */
  client(): KMSClient
}

export interface KeyholdServer extends RunningKeyhold {
  readonly keyId: string
}

export interface KeyholdOptions {
  /** Where the temporary data folder is made. */
  readonly folder: string
  readonly workers: number
  readonly core: string | undefined
  /** Another checkout of Keyhold, with its packages installed; `undefined`: this one. */
  readonly version?: string | undefined
  readonly nodeOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface TemporaryData {
  readonly path: string
  remove(): void
}

/** A new data folder, removed at the latest when this process ends. */
export function temporaryData(folder: string): TemporaryData {
  const path = mkdtempSync(join(folder, 'keyhold-bench-'))
  const erase = () => rmSync(path, { recursive: true, force: true })
  process.on('exit', erase)
  return {
    path,
    remove() {
      erase()
      process.off('exit', erase)
    },
  }
}

/** On a data folder that is there already, or is made by this first start. */
export async function startOnFolder(data: string, options: Omit<KeyholdOptions, 'folder'>): Promise<RunningKeyhold> {
  const args = ['start', '--host', '127.0.0.1', '--port', '0', '--data', data, '--workers', String(options.workers)]
  const server = await startServer(join(options.version ?? THIS_VERSION, 'src/main.js'), args, options)
  const client = () =>
    new KMSClient({
      endpoint: `http://127.0.0.1:${server.port}`,
      region: REGION,
      credentials: readCredentials(join(data, 'credentials')),
      maxAttempts: 1,
    })
  return { ...server, client }
}

export async function startKeyholdServer(options: KeyholdOptions): Promise<KeyholdServer> {
  const data = temporaryData(options.folder)
  const server = await startOnFolder(data.path, options)
  const stop = async () => {
    await server.stop()
    data.remove()
  }
  try {
    return { ...server, stop, keyId: await createKey(server.client()) }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The one profile in a file of AWS's shared credentials format. */
function readCredentials(file: string): { accessKeyId: string; secretAccessKey: string } {
  const text = readFileSync(file, 'utf8')
  const value = (name: string) => {
    const found = new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(text)
    if (found === null) throw new Error(`no ${name} in ${file}`)
    return found[1]!
  }
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') }
}

/** Ends the client. */
export async function createKey(client: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ Description: 'benchmark', ...input }))
  const { KeyId, AWSAccountId } = KeyMetadata!
  await client.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(keyPolicy(AWSAccountId!)) }))
  client.destroy()
  return KeyId!
}

/** The account's own statement, and the use of the key for callers of the account. */
function keyPolicy(account: string): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Account',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'Use',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:DescribeKey',
          'kms:Sign',
          'kms:Verify',
          'kms:GenerateMac',
        ],
        Resource: '*',
        Condition: { StringEquals: { 'kms:CallerAccount': account } },
      },
    ],
  }
}
