/** Operations that use several things ask for each, and name the first that is refused (authorization.md R-3). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newKey } from '../operations/support.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, REGION } from '../support/harness.ts'
import { givenUser } from '../support/identities.ts'

let harness: Harness
let first: Answer
let second: Answer
let ciphertext: string
let number = 0

before(async () => {
  harness = await createHarness()
  first = await newKey(harness)
  second = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/moved', TargetKeyId: first.KeyId })
  ciphertext = (await harness.call('Encrypt', { KeyId: first.KeyId, Plaintext: 'eA==' })).CiphertextBlob
})
after(() => harness.close())

const aliasArn = (name: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:alias/${name}`

/** What the refusal names, for a caller who has the permission on these only. */
async function refused(operation: string, body: object, action: string, allowed: readonly string[]): Promise<string> {
  const statement = { Effect: 'Allow', Action: action, Resource: allowed }
  const user = await givenUser(harness.store, ACCOUNT, `user-${++number}`, allowed.length === 0 ? undefined : statement)
  try {
    await harness.callAs(user.principal, operation, body)
  } catch (error) {
    const [, named] = /to perform: (\S+ on resource: \S+) because/.exec((error as Error).message) ?? []
    return named ?? String(error)
  }
  return 'nothing'
}

test('CreateAlias: the alias, then the key', async () => {
  const body = { AliasName: 'alias/new', TargetKeyId: first.KeyId }
  const ask = (...allowed: string[]) => refused('CreateAlias', body, 'kms:CreateAlias', allowed)
  assert.equal(await ask(), `kms:CreateAlias on resource: ${aliasArn('new')}`)
  assert.equal(await ask(aliasArn('new')), `kms:CreateAlias on resource: ${first.Arn}`)
  assert.equal(await ask(first.Arn), `kms:CreateAlias on resource: ${aliasArn('new')}`)
  assert.equal(await ask(aliasArn('new'), first.Arn), 'nothing')
})

test('UpdateAlias: the alias, the key that it leaves, the key that it comes to', async () => {
  const body = { AliasName: 'alias/moved', TargetKeyId: second.KeyId }
  const ask = (...allowed: string[]) => refused('UpdateAlias', body, 'kms:UpdateAlias', allowed)
  assert.equal(await ask(), `kms:UpdateAlias on resource: ${aliasArn('moved')}`)
  assert.equal(await ask(aliasArn('moved')), `kms:UpdateAlias on resource: ${first.Arn}`)
  assert.equal(await ask(aliasArn('moved'), first.Arn), `kms:UpdateAlias on resource: ${second.Arn}`)
  assert.equal(await ask(aliasArn('moved'), second.Arn), `kms:UpdateAlias on resource: ${first.Arn}`)
  assert.equal(await ask(aliasArn('moved'), first.Arn, second.Arn), 'nothing')
})

test('ReEncrypt: the source, then the destination', async () => {
  const body = { CiphertextBlob: ciphertext, DestinationKeyId: second.KeyId }
  const ask = (...allowed: string[]) => refused('ReEncrypt', body, 'kms:ReEncrypt*', allowed)
  assert.equal(await ask(), `kms:ReEncryptFrom on resource: ${first.Arn}`)
  assert.equal(await ask(second.Arn), `kms:ReEncryptFrom on resource: ${first.Arn}`)
  assert.equal(await ask(first.Arn), `kms:ReEncryptTo on resource: ${second.Arn}`)
  assert.equal(await ask(first.Arn, second.Arn), 'nothing')
})

test('UpdatePrimaryRegion: the primary of now, then the one to be', async () => {
  const elsewhere = 'us-east-1'
  const { KeyId, Arn } = await newKey(harness, { MultiRegion: true })
  await harness.call('ReplicateKey', { KeyId, ReplicaRegion: elsewhere })
  const replica = Arn.replace(REGION, elsewhere)
  const body = { KeyId, PrimaryRegion: elsewhere }
  const ask = (...allowed: string[]) => refused('UpdatePrimaryRegion', body, 'kms:UpdatePrimaryRegion', allowed)
  assert.equal(await ask(), `kms:UpdatePrimaryRegion on resource: ${Arn}`)
  assert.equal(await ask(replica), `kms:UpdatePrimaryRegion on resource: ${Arn}`)
  assert.equal(await ask(Arn), `kms:UpdatePrimaryRegion on resource: ${replica}`)
  assert.equal(await ask(Arn, replica), 'nothing')
})
