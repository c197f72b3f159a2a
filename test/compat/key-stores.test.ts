/** A custom key store over SoftHSM2 with two workers, through the AWS SDK: set up as docs/key-stores.md says, and after a restart. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  MAIN,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'
import { createSoftHsm, type SoftHsm, softHsmMissing } from '../support/softhsm.ts'

describe('a CloudHSM key store of a real server', { skip: softHsmMissing, timeout: 240_000 }, () => {
  const folder = temporaryFolder('key-stores')
  const data = join(folder.path, 'data')
  let hsm: SoftHsm
  let server: KeyholdProcess
  let client: kms.KMSClient
  let clusterId: string
  let CustomKeyStoreId: string
  let KeyId: string
  let CiphertextBlob: Uint8Array

  async function start(): Promise<void> {
    const clusters = join(folder.path, 'clusters.yaml')
    const args = ['start', '--port', '0', '--workers', '2', '--data', data, '--hsm-clusters', clusters]
    server = await startKeyholdProcess(args, hsm.cluster.environment)
    // Each connection may meet the other worker.
    client = new kms.KMSClient({
      endpoint: server.endpoint,
      region: 'eu-central-1',
      credentials: readCredentials(data),
      requestHandler: { httpAgent: { keepAlive: false } },
    })
  }

  before(async () => {
    hsm = createSoftHsm()
    // What the operator is told to do: the entry that the command prints, with the certificate beside it.
    const described = spawnSync(process.execPath, [MAIN, 'hsm', 'describe', hsm.cluster.module], {
      encoding: 'utf8',
      env: { ...process.env, ...hsm.cluster.environment },
    })
    assert.equal(described.status, 0, described.stderr)
    assert.match(described.stdout, /^# Token 'keyhold', serial number [0-9a-f]{16}, of SoftHSM project\n/)
    clusterId = /^(cluster-[a-z2-7]{11}):$/m.exec(described.stdout)![1]!
    writeFileSync(join(folder.path, 'clusters.yaml'), described.stdout)
    writeFileSync(join(folder.path, 'customerCA.crt'), hsm.certificate)
    await start()
  })
  after(async () => {
    await server?.end()
    hsm?.close()
    folder.remove()
  })

  async function connectionState(): Promise<string | undefined> {
    const { CustomKeyStores } = await client.send(new kms.DescribeCustomKeyStoresCommand({ CustomKeyStoreId }))
    return CustomKeyStores![0]!.ConnectionState
  }

  async function untilConnected(): Promise<void> {
    for (let tries = 0; (await connectionState()) !== 'CONNECTED'; tries++) {
      assert.ok(tries < 200, `still ${await connectionState()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  test('is made, connected, and used by both workers', async () => {
    const made = await client.send(
      new kms.CreateCustomKeyStoreCommand({
        CustomKeyStoreName: 'vault',
        CloudHsmClusterId: clusterId,
        TrustAnchorCertificate: hsm.certificate,
        KeyStorePassword: hsm.pin,
      }),
    )
    CustomKeyStoreId = made.CustomKeyStoreId!
    await client.send(new kms.ConnectCustomKeyStoreCommand({ CustomKeyStoreId }))
    await untilConnected()
    const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({ Origin: 'AWS_CLOUDHSM', CustomKeyStoreId }))
    KeyId = KeyMetadata!.KeyId!
    assert.equal(KeyMetadata!.CloudHsmClusterId, clusterId)
    const Plaintext = Buffer.from('hello')
    CiphertextBlob = (await client.send(new kms.EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob!
    const opened = await Promise.all(
      Array.from({ length: 40 }, () => client.send(new kms.DecryptCommand({ CiphertextBlob }))),
    )
    for (const { Plaintext } of opened) assert.equal(Buffer.from(Plaintext!).toString(), 'hello')
  })

  test('is refused by name: the SDK knows the exceptions', async () => {
    const describing = client.send(new kms.DescribeCustomKeyStoresCommand({ CustomKeyStoreName: 'none' }))
    await assert.rejects(describing, kms.CustomKeyStoreNotFoundException)
    const deleting = client.send(new kms.DeleteCustomKeyStoreCommand({ CustomKeyStoreId }))
    await assert.rejects(deleting, kms.CustomKeyStoreHasCMKsException)
    const connected = { CustomKeyStoreId, KeyStorePassword: 'another-password' }
    await assert.rejects(
      client.send(new kms.UpdateCustomKeyStoreCommand(connected)),
      kms.CustomKeyStoreInvalidStateException,
    )
  })

  test('is connected again after a restart, and after a crash', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await server.end(signal)
      await start()
      await untilConnected()
      const { Plaintext } = await client.send(new kms.DecryptCommand({ CiphertextBlob }))
      assert.equal(Buffer.from(Plaintext!).toString(), 'hello', signal)
    }
  })

  test('disconnected on one worker, its keys are unusable on the other within a second', async () => {
    await client.send(new kms.DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    for (let tries = 0; tries < 20; tries++) {
      const decrypting = client.send(new kms.DecryptCommand({ CiphertextBlob }))
      await assert.rejects(decrypting, kms.KMSInvalidStateException)
    }
    assert.equal(await connectionState(), 'DISCONNECTED')
  })
})
