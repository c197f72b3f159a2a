/** `keyhold explain` asks the policies of now for what the refused call was judged on, and says nothing where it cannot know that. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  KMSClient,
  RetireGrantCommand,
} from '@aws-sdk/client-kms'
import {
  type Credentials,
  readCredentials,
  runKeyhold,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const REGION = 'eu-central-1'
const ALIAS = 'alias/app'

test('refusals on an alias, on a grant and on a key that is not there are explained for what they are', {
  timeout: 120_000,
}, async (context) => {
  const folder = temporaryFolder('explain')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const server = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', data])
  context.after(() => server.end('SIGKILL'))
  const succeed = (...args: string[]) => {
    const { status, stdout, stderr } = runKeyhold([...args, '--data', data])
    assert.equal(status, 0, `${stdout}\n${stderr}`)
    return stdout
  }
  const clientOf = (credentials: Credentials) => {
    const client = new KMSClient({ endpoint: server.endpoint, region: REGION, maxAttempts: 1, credentials })
    context.after(() => client.destroy())
    return client
  }
  const admin = clientOf(readCredentials(data))
  const { Arn: key, AWSAccountId: account } = (await admin.send(new CreateKeyCommand({}))).KeyMetadata!
  const alice = `arn:aws:iam::${account}:user/alice`
  succeed('user', 'create', 'alice')
  const printed = succeed('access-key', 'create', 'alice', '--print')
  const value = (name: string) => new RegExp(`^${name} = (\\S+)$`, 'm').exec(printed)![1]!
  const client = clientOf({ accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') })
  const put = (name: string, statement: string) => {
    const file = join(folder.path, `${name}.json`)
    writeFileSync(file, `{"Version": "2012-10-17", "Statement": ${statement}}`)
    succeed('policy', 'put', name, file, '--user', 'alice')
  }
  const explainFailure = async (call: Promise<unknown>, name: string) => {
    const error = await call.then(
      () => assert.fail('the call succeeded'),
      (error) => error,
    )
    assert.equal(error.name, name)
    return () => succeed('explain', error.$metadata.requestId)
  }

  // CreateAlias needs the permission on the key and, from identity policies, on the alias (authorization.md 2.5, M-5).
  put('key', JSON.stringify({ Effect: 'Allow', Action: 'kms:CreateAlias', Resource: key }))
  const createAlias = () => client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: key }))
  const onAlias = await explainFailure(createAlias(), 'AccessDeniedException')
  const explained = onAlias()
  assert.match(explained, /^DENIED$/m)
  const [, remedy] = /Add to an identity policy of .*: (\{.*\})\.$/m.exec(explained)!
  assert.equal(JSON.parse(remedy!).Resource, `arn:aws:kms:${REGION}:${account}:${ALIAS}`)
  assert.doesNotMatch(explained, /key policy/)
  put('alias', remedy!)
  assert.match(onAlias(), /^ALLOWED$/m)
  await createAlias()

  // A grant says itself who may retire it (4.6): neither the key policy nor another grant would help.
  const grant = { KeyId: key, GranteePrincipal: alice, Operations: ['Encrypt' as const] }
  const { GrantId } = await admin.send(new CreateGrantCommand(grant))
  const retire = client.send(new RetireGrantCommand({ KeyId: key, GrantId }))
  const onGrant = (await explainFailure(retire, 'AccessDeniedException'))()
  assert.match(onGrant, /What decided then: no identity-based policy allowed kms:RetireGrant/)
  assert.doesNotMatch(onGrant, /DENIED|ALLOWED|To allow it/)

  // No policy was asked, and none could tell why.
  const describe = client.send(new DescribeKeyCommand({ KeyId: 'alias/none' }))
  const onNothing = (await explainFailure(describe, 'NotFoundException'))()
  assert.match(onNothing, /It failed with NotFoundException/)
  assert.doesNotMatch(onNothing, /DENIED|ALLOWED|To allow it/)
})
