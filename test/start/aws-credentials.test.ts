/** Where an access key for the root key comes from: as for AWS's own tools. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CredentialsError, readAwsCredentials } from '../../src/start/aws-credentials.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const FILE = `# a comment
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key=default/secret+=
region = eu-west-1

[ other ]
aws_access_key_id = ASIAOTHER
aws_secret_access_key = other secret
aws_session_token = token==
`

test('variables, the file of the AWS tools, and a file that is named', (context) => {
  const { path, remove } = temporaryFolder('credentials')
  context.after(remove)
  const file = join(path, 'credentials')
  writeFileSync(file, FILE)
  const ofDefault = {
    ...{ accessKeyId: 'AKIADEFAULT', secretAccessKey: 'default/secret+=' },
    sessionToken: undefined,
  }
  const ofOther = { accessKeyId: 'ASIAOTHER', secretAccessKey: 'other secret', sessionToken: 'token==' }
  const variables = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env' }
  const ofVariables = { accessKeyId: 'AKIAENV', secretAccessKey: 'env', sessionToken: undefined }
  const AWS_SHARED_CREDENTIALS_FILE = file
  assert.deepEqual(readAwsCredentials(undefined, { ...variables, AWS_SHARED_CREDENTIALS_FILE }), ofVariables)
  assert.deepEqual(readAwsCredentials(undefined, { ...variables, AWS_SESSION_TOKEN: 't' }), {
    ...ofVariables,
    sessionToken: 't',
  })
  assert.deepEqual(readAwsCredentials(undefined, { AWS_SHARED_CREDENTIALS_FILE }), ofDefault)
  assert.deepEqual(readAwsCredentials(undefined, { AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE: 'other' }), ofOther)
  assert.deepEqual(readAwsCredentials(file, variables), ofDefault)
  assert.deepEqual(readAwsCredentials(file, { AWS_PROFILE: 'other' }), ofOther)
  writeFileSync(file, '[keyhold]\naws_access_key_id = AKIAONLY\naws_secret_access_key = only\n')
  assert.equal(readAwsCredentials(file, {}).accessKeyId, 'AKIAONLY')
  assert.throws(() => readAwsCredentials(undefined, { AWS_SHARED_CREDENTIALS_FILE }), CredentialsError)
  assert.throws(() => readAwsCredentials(file, { AWS_PROFILE: 'absent' }), /no access key in the profile absent of/)
  assert.throws(() => readAwsCredentials(join(path, 'nowhere'), {}), /there are no credentials: .*nowhere/)
})
