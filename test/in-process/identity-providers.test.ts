/** `startKeyhold({ identityProviders })` means what `--identity-providers` means (docs/sts-and-iam.md). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CreateOpenIDConnectProviderCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { type KeyholdOptions, startKeyhold } from '../../src/index.ts'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts'

const ACCOUNT = '000000000000'
const folder = mkdtempSync(join(tmpdir(), 'keyhold-in-process-providers-'))
let provider: IdentityProvider

before(async () => {
  provider = await startIdentityProvider(Date.now)
  provider.addKey('ES256', 'only')
})

after(async () => {
  await provider.close()
  rmSync(folder, { recursive: true })
})

/** @returns the name of the role's session for a token of the provider. */
async function assume(identityProviders: KeyholdOptions['identityProviders']): Promise<string> {
  const keyhold = await startKeyhold(identityProviders === undefined ? {} : { identityProviders })
  const [iam, sts] = [new IAMClient(keyhold), new STSClient({ ...keyhold, maxAttempts: 1 })]
  try {
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url: provider.issuer, ClientIDList: ['app'] }))
    const Federated = `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider.name}`
    const Statement = { Effect: 'Allow', Principal: { Federated }, Action: 'sts:AssumeRoleWithWebIdentity' }
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
    await iam.send(new CreateRoleCommand({ RoleName: 'pod', AssumeRolePolicyDocument }))
    const exp = Math.floor(Date.now() / 1000) + 600
    const WebIdentityToken = await provider.token({ aud: 'app', sub: 'pod-1', exp })
    const RoleArn = `arn:aws:iam::${ACCOUNT}:role/pod`
    const answer = await sts.send(
      new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'pod-1', WebIdentityToken }),
    )
    return answer.AssumedRoleUser!.Arn!
  } finally {
    iam.destroy()
    sts.destroy()
    await keyhold.stop()
  }
}

const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/pod/pod-1`

test('without it a provider at a private address is not asked', async () => {
  const before = provider.requests.length
  await assert.rejects(assume(undefined), { name: 'IDPCommunicationErrorException' })
  assert.equal(provider.requests.length, before)
})

test('an object says where it may be asked, and with which certificate', async () => {
  const before = provider.requests.length
  assert.equal(await assume({ [provider.issuer]: { private: true, ca: provider.ca } }), SESSION)
  assert.ok(provider.requests.length > before)
})

test('an object with its keys spares the asking, and a file means the same', async () => {
  const before = provider.requests.length
  assert.equal(await assume({ [provider.issuer]: { keys: await provider.jwks() } }), SESSION)
  const path = join(folder, 'providers.yaml')
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(await provider.jwks()))
  writeFileSync(path, `${provider.issuer}:\n  keys: jwks.json\n`)
  assert.equal(await assume(path), SESSION)
  assert.equal(provider.requests.length, before)
})

test('what cannot be used is named', async () => {
  const wrong: readonly (readonly [given: unknown, says: RegExp])[] = [
    [{ 'http://id.example': {} }, /identityProviders: http:\/\/id\.example: expected the https address of an issuer/],
    [{ 'https://id.example': { keys: { keys: [] } } }, /https:\/\/id\.example: keys: expected at least one key/],
    [{ 'https://id.example': { keys: 'jwks.json' } }, /keys: JSON Web Key Set malformed/],
    [{ 'https://id.example': { ca: 'ca.pem' } }, /ca: expected certificates in PEM/],
    [{ 'https://id.example': { private: 'yes' } }, /private: expected true or false/],
    [{ 'https://id.example': { thumbprints: [] } }, /'thumbprints' is none of keys, ca, private/],
    [['https://id.example'], /expected names with values|expected the https address/],
    [join(folder, 'missing.yaml'), /cannot use .*missing\.yaml: .*no such file/],
  ]
  for (const [given, says] of wrong) {
    const identityProviders = given as KeyholdOptions['identityProviders'] & {}
    await assert.rejects(startKeyhold({ identityProviders }), says)
  }
})
