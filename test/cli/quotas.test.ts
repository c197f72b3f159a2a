/** `--quotas` of real servers, met by the AWS SDK. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreateKeyCommand, GenerateRandomCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { readCredentials, runKeyhold, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

test('quotas of a file hold in every worker', { timeout: 180_000 }, async (context) => {
  const folder = temporaryFolder('quotas')
  context.after(() => folder.remove())
  const file = join(folder.path, 'quotas.yaml')
  const data = join(folder.path, 'data')
  writeFileSync(
    file,
    'default: {keys: unlimited, requests-per-second: {GetPublicKey: 0, symmetric: 0, CreateKey: unlimited}}\n',
  )
  const args = ['start', '--data', data, '--workers', '2', '--port', '0', '--quotas', file]
  const server = await startKeyholdProcess(args)
  context.after(() => server.end('SIGKILL'))
  const given = { endpoint: server.endpoint, region: 'us-east-1', credentials: readCredentials(data), maxAttempts: 1 }
  for (let connection = 0; connection < 8; connection++) {
    const kms = new KMSClient(given)
    await kms.send(new CreateKeyCommand({}))
    await assert.rejects(kms.send(new GenerateRandomCommand({ NumberOfBytes: 1 })), {
      name: 'ThrottlingException',
      message: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
    })
    await kms.send(new ListKeysCommand({}))
    kms.destroy()
  }
  assert.equal(await server.end(), 0)
})

test('a file that means nothing ends the start with its place', () => {
  const folder = temporaryFolder('quotas-wrong')
  const file = join(folder.path, 'quotas.yaml')
  writeFileSync(file, 'default: {keys: plenty}\n')
  const result = runKeyhold(['dev', '--port', '0', '--quotas', file])
  folder.remove()
  assert.equal(result.status, 2)
  assert.match(result.stderr, /quotas\.yaml: default: keys: expected a whole number from 1/)
})
