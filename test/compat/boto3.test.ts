/** boto3, unmodified, with every answer checked by botocore's own model of the service. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const installed = spawnSync('python3', ['-c', 'import boto3']).status === 0
const skip = installed ? false : 'boto3 is not installed here'
const folder = temporaryFolder('boto3')
let keyhold: KeyholdProcess

before(async () => {
  if (installed) keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
})

after(async () => {
  await keyhold?.end()
  folder.remove()
})

test('boto3 walks through keys, data keys, aliases and errors, against two workers', { skip }, () => {
  const { accessKeyId, secretAccessKey } = readCredentials(folder.path)
  const { status, stdout, stderr } = spawnSync('python3', [join(import.meta.dirname, 'boto3-client.py')], {
    encoding: 'utf8',
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL: keyhold.endpoint,
    },
  })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d+) checks passed$/m)
})
