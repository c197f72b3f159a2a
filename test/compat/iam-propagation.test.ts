/** Changes of identities reach every worker within the promised second (authorization.md SEC-8, design of several nodes). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as iam from '@aws-sdk/client-iam'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const folder = temporaryFolder('iam-nodes')
let keyhold: KeyholdProcess
let administrator: iam.IAMClient

/** Connections of one caller: enough that both workers have some. */
const CONNECTIONS = 12
/** The promise, and time for a machine that does other things as well. */
const PROPAGATION_MS = 3_000

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
  administrator = new iam.IAMClient({ ...at(), credentials: readCredentials(folder.path) })
})

after(async () => {
  administrator?.destroy()
  await keyhold?.end()
  folder.remove()
})

function at() {
  return { endpoint: keyhold.endpoint, region: 'us-east-1', maxAttempts: 1 }
}

/** What each of the connections is answered when it lists users: an error's name, or `ok`. */
async function answersOf(clients: readonly iam.IAMClient[]): Promise<readonly string[]> {
  const send = async (client: iam.IAMClient) => {
    try {
      await client.send(new iam.ListUsersCommand({}))
      return 'ok'
    } catch (error) {
      return (error as Error).name
    }
  }
  return [...new Set(await Promise.all(clients.map(send)))]
}

/** Every connection is answered so at last, and from then on. */
async function settles(clients: readonly iam.IAMClient[], expected: string): Promise<void> {
  const end = performance.now() + PROPAGATION_MS
  while (performance.now() < end) {
    if ((await answersOf(clients)).every((answer) => answer === expected)) break
    await sleep(50)
  }
  for (let round = 0; round < 3; round++) assert.deepEqual(await answersOf(clients), [expected])
}

test('policies given and taken, keys switched off and on, and users deleted count at every worker', async () => {
  const UserName = 'everywhere'
  await administrator.send(new iam.CreateUserCommand({ UserName }))
  const { AccessKey } = await administrator.send(new iam.CreateAccessKeyCommand({ UserName }))
  const AccessKeyId = AccessKey!.AccessKeyId!
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: AccessKey!.SecretAccessKey! }
  // Each client has connections of its own.
  const clients = Array.from({ length: CONNECTIONS }, () => new iam.IAMClient({ ...at(), credentials }))
  try {
    await settles(clients, 'AccessDenied')
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 'iam:ListUsers', Resource: '*' },
    })
    const named = { UserName, PolicyName: 'list' }
    await administrator.send(new iam.PutUserPolicyCommand({ ...named, PolicyDocument }))
    await settles(clients, 'ok')
    const boundary = { UserName, PermissionsBoundary: 'arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser' }
    await administrator.send(new iam.PutUserPermissionsBoundaryCommand(boundary))
    await settles(clients, 'ok')
    await administrator.send(new iam.DeleteUserPolicyCommand(named))
    await settles(clients, 'AccessDenied')

    // Through a group, whose policies change while he is in it.
    const GroupName = 'listers'
    await administrator.send(new iam.CreateGroupCommand({ GroupName }))
    await administrator.send(new iam.AddUserToGroupCommand({ GroupName, UserName }))
    await administrator.send(new iam.PutGroupPolicyCommand({ GroupName, PolicyName: 'list', PolicyDocument }))
    await settles(clients, 'ok')

    for (const [Status, expected] of [
      ['Inactive', 'InvalidClientTokenId'],
      ['Active', 'ok'],
    ] as const) {
      await administrator.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status }))
      await settles(clients, expected)
    }
    await administrator.send(new iam.RemoveUserFromGroupCommand({ GroupName, UserName }))
    await settles(clients, 'AccessDenied')
    await administrator.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }))
    await settles(clients, 'InvalidClientTokenId')
    await administrator.send(new iam.DeleteUserCommand({ UserName }))
  } finally {
    for (const client of clients) client.destroy()
  }
})
