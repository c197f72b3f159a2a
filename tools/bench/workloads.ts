/** What is asked of the server: for each measured operation many distinct, signed requests. */
import { randomBytes } from 'node:crypto'
import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms'
import type { KeyholdServer } from './keyhold-server.ts'
import { type Command, createRequestSigner, type SignedRequest } from './signed-requests.ts'

export interface Asked {
  command(keyId: string, client: KMSClient, index: number): Command | Promise<Command>
}

export interface Workload extends Asked {
  readonly name: string
  readonly title: string
  /** Least rate against the empty server. */
  readonly goal: number
}

const PLAINTEXT_BYTES = 32

const encryptionContext = (index: number) => ({ tenant: `tenant-${index % 64}`, purpose: 'benchmark' })

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'encrypt',
    title: 'Encrypt, 32 bytes',
    goal: 0.5,
    command: (KeyId) => new EncryptCommand({ KeyId, Plaintext: randomBytes(PLAINTEXT_BYTES) }),
  },
  {
    name: 'encrypt-context',
    title: 'Encrypt, 32 bytes, encryption context of two pairs',
    goal: 0.5,
    command: (KeyId, _client, index) =>
      new EncryptCommand({
        KeyId,
        Plaintext: randomBytes(PLAINTEXT_BYTES),
        EncryptionContext: encryptionContext(index),
      }),
  },
  {
    name: 'decrypt',
    title: 'Decrypt, 32 bytes',
    goal: 0.5,
    async command(KeyId, client) {
      const { CiphertextBlob } = await client.send(
        new EncryptCommand({ KeyId, Plaintext: randomBytes(PLAINTEXT_BYTES) }),
      )
      return new DecryptCommand({ CiphertextBlob })
    },
  },
  {
    name: 'generate-data-key',
    title: 'GenerateDataKey, AES_256',
    goal: 0.5,
    // Nothing in it is random, so the encryption context tells the requests apart.
    command: (KeyId, _client, index) =>
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: encryptionContext(index) }),
  },
]

/** Signed now: the server accepts them for five minutes. */
export async function requestsOf(
  workload: Asked,
  server: KeyholdServer,
  count: number,
  keyId = server.keyId,
): Promise<SignedRequest[]> {
  const client = server.client()
  const sign = createRequestSigner(server.client())
  const requests: SignedRequest[] = []
  for (let index = 0; index < count; index++) {
    requests.push(await sign(await workload.command(keyId, client, index)))
  }
  client.destroy()
  return requests
}
