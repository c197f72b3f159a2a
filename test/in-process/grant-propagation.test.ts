/**
 * On AWS a new grant is not seen everywhere for a while, so code must present its token (authorization.md 4.4, GT-5).
 * Development can be like that: code which forgets the token then fails in its tests.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  CreateGrantCommand,
  CreateKeyCommand,
  EncryptCommand,
  KMSClient,
  RetireGrantCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms'
import { type Keyhold, startKeyhold } from '../../src/index.ts'
import { MAIN, startKeyholdProcess } from '../support/keyhold-process.ts'

const ACCOUNT = '000000000000'
const Plaintext = Buffer.from('x')

type Server = Pick<Keyhold, 'endpoint' | 'region' | 'credentials'>

interface Scene {
  readonly owner: KMSClient
  /** A user without any policy. */
  readonly app: KMSClient
  readonly KeyId: string
  grant(): Promise<{ GrantId: string; GrantToken: string }>
  encrypt(...GrantTokens: string[]): Promise<unknown>
  end(): void
}

async function setScene(server: Server): Promise<Scene> {
  const iam = new IAMClient(server)
  const UserName = 'app'
  await iam.send(new CreateUserCommand({ UserName }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey!
  const credentials = { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! }
  const owner = new KMSClient(server)
  const app = new KMSClient({ ...server, credentials, maxAttempts: 1 })
  const KeyId = (await owner.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:user/${UserName}`
  return {
    owner,
    app,
    KeyId,
    async grant() {
      const principals = { GranteePrincipal, RetiringPrincipal: GranteePrincipal }
      const command = new CreateGrantCommand({ KeyId, ...principals, Operations: ['Encrypt'] })
      const { GrantId, GrantToken } = await owner.send(command)
      return { GrantId: GrantId!, GrantToken: GrantToken! }
    },
    encrypt: (...GrantTokens) => app.send(new EncryptCommand({ KeyId, Plaintext, GrantTokens })),
    end() {
      for (const client of [iam, owner, app]) client.destroy()
    },
  }
}

const denied = { name: 'AccessDeniedException' }

test('code that forgets the token fails until the delay is over; code that presents it does not', async () => {
  const keyhold = await startKeyhold({ grantPropagationDelayMs: 5000 })
  const scene = await setScene(keyhold)
  const { GrantToken } = await scene.grant()
  await assert.rejects(scene.encrypt(), denied)
  await scene.encrypt(GrantToken)
  await assert.rejects(scene.encrypt(), denied, 'the token of one call made the grant known to others')
  await keyhold.clock.advance({ seconds: 4 })
  await assert.rejects(scene.encrypt(), denied)
  await keyhold.clock.advance({ seconds: 1 })
  await scene.encrypt()
  scene.end()
  await keyhold.stop()
})

test('the token of another grant helps nothing, and neither does that of one that was revoked', async () => {
  const keyhold = await startKeyhold({ grantPropagationDelayMs: 5000 })
  const scene = await setScene(keyhold)
  const [first, second] = [await scene.grant(), await scene.grant()]
  await scene.owner.send(new RevokeGrantCommand({ KeyId: scene.KeyId, GrantId: first.GrantId }))
  await assert.rejects(scene.encrypt(first.GrantToken), denied)
  await scene.encrypt(first.GrantToken, second.GrantToken)
  await scene.app.send(new RetireGrantCommand({ GrantToken: second.GrantToken }))
  await assert.rejects(scene.encrypt(first.GrantToken, second.GrantToken), denied)
  scene.end()
  await keyhold.stop()
})

test('without the setting a grant is in force at once', async () => {
  const keyhold = await startKeyhold()
  const scene = await setScene(keyhold)
  await assert.rejects(scene.encrypt(), denied)
  await scene.grant()
  await scene.encrypt()
  scene.end()
  await keyhold.stop()
})

test('keyhold dev --grant-propagation-delay', async () => {
  const server = await startKeyholdProcess(['dev', '--port', '0', '--grant-propagation-delay', '1h'])
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const scene = await setScene({ endpoint: server.endpoint, region: 'us-east-1', credentials })
  const { GrantToken } = await scene.grant()
  await assert.rejects(scene.encrypt(), denied)
  await scene.encrypt(GrantToken)
  scene.end()
  assert.equal(await server.end(), 0)
  for (const wrong of ['soon', '2h']) {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'dev', '--grant-propagation-delay', wrong], {
      encoding: 'utf8',
    })
    assert.equal(status, 2, wrong)
    assert.match(stderr, /--grant-propagation-delay/)
  }
})
