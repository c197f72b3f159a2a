/** CloudTrail's event history as boto3 and the AWS CLI ask for it, over two workers and their streams. */
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

const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0
const hasCli = spawnSync('aws', ['--version']).status === 0

const folder = temporaryFolder('cloudtrail')
let keyhold: KeyholdProcess
let env: NodeJS.ProcessEnv

before(async () => {
  if (!hasBoto3 && !hasCli) return
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
  const { accessKeyId, secretAccessKey } = readCredentials(folder.path)
  env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: keyhold.endpoint,
  }
})

after(async () => {
  await keyhold?.end()
  folder.remove()
})

test('boto3 looks events up by their attributes, and its paginator comes to the end', {
  skip: hasBoto3 ? false : 'boto3 is not installed here',
}, () => {
  const client = join(import.meta.dirname, 'cloudtrail-client.py')
  const { status, stdout, stderr } = spawnSync('python3', [client], { encoding: 'utf8', env })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d+) checks passed$/m)
})

test('aws cloudtrail lookup-events prints events', {
  skip: hasCli ? false : 'the AWS CLI is not installed here',
}, () => {
  const aws = (...args: string[]) => {
    const options = ['--endpoint-url', keyhold.endpoint, '--output', 'json']
    const { status, stdout, stderr } = spawnSync('aws', [...options, ...args], { encoding: 'utf8', env })
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout)
  }
  const { KeyMetadata } = aws('kms', 'create-key')
  const attribute = `AttributeKey=ResourceName,AttributeValue=${KeyMetadata.Arn}`
  const { Events } = aws('cloudtrail', 'lookup-events', '--lookup-attributes', attribute)
  assert.deepEqual(
    Events.map((event: { EventName: string }) => event.EventName),
    ['CreateKey'],
  )
  assert.equal(aws('cloudtrail', 'lookup-events', '--max-items', '3').Events.length, 3)
})
