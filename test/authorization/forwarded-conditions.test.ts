/** aws:SourceIp and aws:SecureTransport of requests that a trusted proxy forwards (authorization.md 3.3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { ACCOUNT } from '../support/harness.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY, startTestServer } from '../support/test-server.ts'

const Policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' },
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:DescribeKey',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:DescribeKey',
      Resource: '*',
      Condition: { NotIpAddress: { 'aws:SourceIp': '198.51.100.0/24' } },
    },
  ],
})

test('a policy that asks for TLS and a network holds behind a proxy that has TLS', async (t) => {
  const server = await startTestServer({ trustedProxies: ['127.0.0.1'] })
  t.after(() => server.stop())
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }
  const through = (forwarded: Record<string, string>) => {
    const client = new KMSClient({ endpoint: server.endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 })
    t.after(() => client.destroy())
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, forwarded)
        return next(args)
      },
      // As a proxy would: after the client has signed.
      { step: 'finalizeRequest', priority: 'low' },
    )
    return client
  }
  const { KeyMetadata } = await through({}).send(new CreateKeyCommand({ Policy }))
  const describe = (forwarded: Record<string, string>) =>
    through(forwarded).send(new DescribeKeyCommand({ KeyId: KeyMetadata!.KeyId }))
  await describe({ 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' })
  const denied = { name: 'AccessDeniedException', message: /explicit deny in a resource-based policy$/ }
  await assert.rejects(describe({ 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'http' }), denied)
  await assert.rejects(describe({ 'x-forwarded-for': '198.51.100.7' }), denied)
  await assert.rejects(describe({ 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }), denied)
  await assert.rejects(describe({}), denied)
})
