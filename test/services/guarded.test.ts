/** The operator's guard policy binds callers of accounts, also through a service, and no service (authorization.md E-11, E-13). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateKeyCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { startKeyhold } from '../../src/index.ts'

const ACCOUNT = '111122223333'
const SECRET = 'a-secret-access-key-of-forty-characters.'
const ADMIN = { accessKeyId: 'AKIAADMINADMINADMIN1', secretAccessKey: SECRET }
const DOCUMENTS = { accessKeyId: 'AKIADOCUMENTSSERVICE', secretAccessKey: SECRET }
const SERVICE = 'documents.example.com'

test('a service that calls for itself is not bound, the user for whom it calls is', async (t) => {
  const keyhold = await startKeyhold({
    account: ACCOUNT,
    guardPolicy: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*' },
      ],
    },
    seed: {
      accounts: [{ id: ACCOUNT }],
      users: [
        {
          name: 'admin',
          account: ACCOUNT,
          managedPolicies: ['AdministratorAccess'],
          accessKeys: [{ id: ADMIN.accessKeyId, secret: SECRET }],
        },
      ],
      services: [{ name: SERVICE, accessKeys: [{ id: DOCUMENTS.accessKeyId, secret: SECRET }] }],
    },
  })
  t.after(() => keyhold.stop())
  const open = (credentials: typeof ADMIN, headers: Readonly<Record<string, string>> = {}) => {
    const client = new KMSClient({ ...keyhold, credentials, maxAttempts: 1 })
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, headers)
        return next(args)
      },
      { step: 'build' },
    )
    t.after(() => client.destroy())
    return client
  }
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ AWS: ACCOUNT }, { Service: SERVICE }].map((Principal) => {
      return { Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' }
    }),
  })
  const admin = open(ADMIN)
  const { KeyMetadata } = await admin.send(new CreateKeyCommand({ Policy }))
  const encrypt = new EncryptCommand({ KeyId: KeyMetadata!.Arn, Plaintext: Buffer.from('x') })
  const refused = { name: 'AccessDeniedException', message: /with an explicit deny in a service control policy$/ }
  await open(DOCUMENTS).send(encrypt)
  await assert.rejects(admin.send(encrypt), refused)
  const through = open(DOCUMENTS, { 'x-keyhold-on-behalf-of': ADMIN.accessKeyId })
  await through.send(new DescribeKeyCommand({ KeyId: KeyMetadata!.Arn }))
  await assert.rejects(through.send(encrypt), refused)
})
