/** A Keyhold on a folder of its own, with one key that has a key policy of two statements. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CreateKeyCommand, type CreateKeyCommandInput, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { type Server, startServer } from './processes.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const REGION = 'eu-central-1'

export interface KeyholdServer extends Server {
  readonly keyId: string
  /** A new client each time: some callers change theirs. */
  client(): KMSClient
}

export interface KeyholdOptions {
  /** Where the temporary data folder is made. */
  readonly folder: string
  readonly workers: number
  readonly core: string | undefined
  readonly nodeOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export async function startKeyholdServer(options: KeyholdOptions): Promise<KeyholdServer> {
  const data = mkdtempSync(join(options.folder, 'keyhold-bench-'))
  const remove = () => rmSync(data, { recursive: true, force: true })
  process.on('exit', remove)
  const args = ['start', '--host', '127.0.0.1', '--port', '0', '--data', data, '--workers', String(options.workers)]
  const server = await startServer(MAIN, args, options)
  const stop = async () => {
    await server.stop()
    remove()
    process.off('exit', remove)
  }
  try {
    const credentials = readCredentials(join(data, 'credentials'))
    const client = () =>
      new KMSClient({ endpoint: `http://127.0.0.1:${server.port}`, region: REGION, credentials, maxAttempts: 1 })
    return { ...server, stop, client, keyId: await createKey(client()) }
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
