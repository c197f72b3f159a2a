/**
 * What authorisation costs the warm path: Decrypt under key policies of 2, 20 and 200 statements, and by a grantee on keys with
 * few and many grants, each against Decrypt on a key with the default key policy.
 */

import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  KMSClient,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms'
import { type CompareOptions, type Comparison, compare, startLoadClient } from './compare.ts'
import { type KeyholdServer, startKeyholdServer } from './keyhold-server.ts'
import { placement } from './processes.ts'
import { createRequestSigner, toBytes } from './signed-requests.ts'

export interface PolicyFigure {
  readonly title: string
  /** Against the default key policy and an administrator's identity policy. */
  readonly comparison: Comparison
}

export interface PolicySizes {
  readonly statements: readonly number[]
  readonly grants: readonly number[]
}

type Credentials = NonNullable<ConstructorParameters<typeof KMSClient>[0]>['credentials']

interface Caller {
  readonly arn: string
  kms(): KMSClient
}

interface Subject {
  readonly title: string
  readonly caller: Caller
  readonly keyId: string
}

export async function measurePolicies(
  folder: string,
  { statements, grants }: PolicySizes,
  options: CompareOptions,
  onFigure: (figure: PolicyFigure) => void,
): Promise<void> {
  const cores = placement(1)
  const server = await startKeyholdServer({ folder, workers: 1, core: cores.server })
  const client = startLoadClient(cores.client)
  try {
    const { administrator, grantee } = await givenCallers(server)
    const subjects: Subject[] = []
    for (const count of statements) {
      const title = `key policy of ${count} statements, of which the last allows`
      subjects.push({ title, caller: administrator, keyId: await keyWithStatements(server, count) })
    }
    for (const count of grants) {
      const title = `allowed by one of ${count} grants on the key`
      subjects.push({ title, caller: grantee, keyId: await keyWithGrants(server, count, grantee) })
    }
    const reference = { caller: administrator, keyId: await newKey(server) }
    for (const subject of subjects) {
      const sides = []
      for (const side of [reference, subject]) {
        sides.push({ server, requests: await decryptRequests(server, side, options.distinctRequests) })
      }
      onFigure({ title: subject.title, comparison: await compare(client, sides[0]!, sides[1]!, options) })
    }
  } finally {
    await client.stop()
    await server.stop()
  }
}

const REGION = 'eu-central-1'
const ROLE = 'benchmark'

async function givenCallers(server: KeyholdServer): Promise<{ administrator: Caller; grantee: Caller }> {
  const endpoint = `http://127.0.0.1:${server.port}`
  const iam = new IAMClient({ endpoint, region: 'us-east-1', credentials: server.client().config.credentials })
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'grantee' }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'grantee' }))
  const trust = {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: User!.Arn }, Action: 'sts:AssumeRole' },
  }
  await iam.send(new CreateRoleCommand({ RoleName: ROLE, AssumeRolePolicyDocument: JSON.stringify(trust) }))
  iam.destroy()
  const credentials: Credentials = {
    accessKeyId: AccessKey!.AccessKeyId!,
    secretAccessKey: AccessKey!.SecretAccessKey!,
  }
  return {
    administrator: { arn: '', kms: () => server.client() },
    grantee: { arn: User!.Arn!, kms: () => new KMSClient({ endpoint, region: REGION, credentials, maxAttempts: 1 }) },
  }
}

/** With the default key policy. */
async function newKey(server: KeyholdServer): Promise<string> {
  const kms = server.client()
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  kms.destroy()
  return KeyMetadata!.Arn!
}

/** All but the last name the caller and the action and fail by their condition, so that each has to be looked at. */
async function keyWithStatements(server: KeyholdServer, count: number): Promise<string> {
  const KeyId = await newKey(server)
  const account = KeyId.split(':')[4]!
  const failing = Array.from({ length: count - 1 }, (_, index) => ({
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: ['kms:Decrypt'],
    Resource: '*',
    Condition: { StringEquals: { 'kms:EncryptionContext:t': `t${index}` } },
  }))
  const last = { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [...failing, last] })
  const kms = server.client()
  await kms.send(new PutKeyPolicyCommand({ KeyId, Policy }))
  kms.destroy()
  return KeyId
}

const GRANTS_AT_ONCE = 16

/** One for the caller, the others for sessions of a role. */
async function keyWithGrants(server: KeyholdServer, count: number, { arn }: Caller): Promise<string> {
  const KeyId = await newKey(server)
  const account = KeyId.split(':')[4]!
  const kms = server.client()
  const grant = (GranteePrincipal: string) =>
    kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ['Decrypt', 'Encrypt'] }))
  let made = 1
  const makeSome = async () => {
    while (made < count) await grant(`arn:aws:sts::${account}:assumed-role/${ROLE}/session-${made++}`)
  }
  await Promise.all(Array.from({ length: GRANTS_AT_ONCE }, makeSome))
  await grant(arn)
  kms.destroy()
  return KeyId
}

async function decryptRequests(
  server: KeyholdServer,
  { caller, keyId }: Pick<Subject, 'caller' | 'keyId'>,
  count: number,
): Promise<Uint8Array[]> {
  const encrypting = server.client()
  const sign = createRequestSigner(caller.kms())
  const requests: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const { CiphertextBlob } = await encrypting.send(
      new EncryptCommand({ KeyId: keyId, Plaintext: Buffer.from(`message ${index}`) }),
    )
    requests.push(toBytes(await sign(new DecryptCommand({ CiphertextBlob }))))
  }
  encrypting.destroy()
  return requests
}
