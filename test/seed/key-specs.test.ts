/** Seeded keys of all kinds: docs/seed-file.md, "Key specs". What they do is compared with what OpenSSL does with the same material. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { applySeed } from '../../src/seed/apply-seed.ts'
import { readSeed } from '../../src/seed/seed.ts'
import type { SeedKeyDocument } from '../../src/seed/seed-document.ts'
import { SeedError } from '../../src/seed/seed-error.ts'
import { ACCOUNT, createHarness, type Harness, REGION } from '../support/harness.ts'

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const MESSAGE = Buffer.from('what is signed')
const Message = MESSAGE.toString('base64')

async function harness(context: TestContext): Promise<Harness> {
  const made = await createHarness()
  context.after(() => made.close())
  return made
}

async function apply({ store, service, clock }: Harness, key: Omit<SeedKeyDocument, 'id'>) {
  const { keyMaterials, domainKeys, random } = service
  const services = { store, keyMaterials, domainKeys, random, clock, externalAccounts: 'reject' as const }
  return applySeed(services, readSeed({ keys: [{ id: ID, ...key }] }), { account: ACCOUNT, region: REGION })
}

function openssl(args: readonly string[], input: Buffer | string = ''): Buffer {
  const { status, stdout, stderr } = spawnSync('openssl', args, { input })
  assert.equal(status, 0, String(stderr))
  return stdout
}

const GENPKEY: readonly (readonly [spec: string, usage: string, algorithm: string, ...args: readonly string[]])[] = [
  ['RSA_2048', 'SIGN_VERIFY', 'RSASSA_PKCS1_V1_5_SHA_256', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  ['ECC_NIST_P256', 'SIGN_VERIFY', 'ECDSA_SHA_256', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  ['ECC_SECG_P256K1', 'SIGN_VERIFY', 'ECDSA_SHA_256', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 'ED25519_SHA_512', '-algorithm', 'ED25519'],
]

for (const [spec, usage, SigningAlgorithm, ...args] of GENPKEY) {
  test(`${spec}: a private key of OpenSSL signs, and has the public key that OpenSSL says`, async (context) => {
    const keyhold = await harness(context)
    const material = openssl(['genpkey', ...args]).toString()
    const spki = openssl(['pkey', '-pubout', '-outform', 'DER'], material)
    await apply(keyhold, { spec, usage, material, aliases: ['alias/signer'] })
    const { PublicKey, KeySpec, KeyUsage } = await keyhold.call('GetPublicKey', { KeyId: 'alias/signer' })
    assert.deepEqual([KeySpec, KeyUsage, PublicKey], [spec, usage, spki.toString('base64')])
    const { Signature } = await keyhold.call('Sign', { KeyId: ID, Message, SigningAlgorithm })
    const { SignatureValid } = await keyhold.call('Verify', { KeyId: ID, Message, Signature, SigningAlgorithm })
    assert.equal(SignatureValid, true)

    const again = {
      ...{ spec, usage },
      material: openssl(['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER'], material).toString('base64'),
    }
    assert.equal((await apply(keyhold, again)).keysFound, 1, 'the same in another form')
    const other = openssl(['genpkey', ...args]).toString()
    const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${ID}`
    await assert.rejects(apply(keyhold, { spec, usage, material: other }), {
      message: `the seed contradicts the store:\n  keys[0].material: ${arn} has another`,
    })
  })
}

test('an HMAC key authenticates as OpenSSL does with the same bytes, in hex and in base64', async (context) => {
  const key = Buffer.alloc(40, 0xa7)
  const args = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`, '-binary']
  const expected = openssl(args, MESSAGE).toString('base64')
  for (const encoding of ['hex', 'base64'] as const) {
    const keyhold = await harness(context)
    await apply(keyhold, { spec: 'HMAC_256', material: key.toString(encoding) })
    const { Mac } = await keyhold.call('GenerateMac', { KeyId: ID, Message, MacAlgorithm: 'HMAC_SHA_256' })
    assert.equal(Mac, expected)
  }
})

test('without material it is random', async (context) => {
  for (const [spec, usage] of [
    ['ECC_NIST_P384', 'KEY_AGREEMENT'],
    ['ML_DSA_44', undefined],
    ['HMAC_512', undefined],
  ] as const) {
    const keyhold = await harness(context)
    const key = usage === undefined ? { spec } : { spec, usage }
    await apply(keyhold, key)
    const { KeyMetadata } = await keyhold.call('DescribeKey', { KeyId: ID })
    assert.equal(KeyMetadata.KeySpec, spec)
    assert.equal((await apply(keyhold, key)).keysFound, 1)
    await assert.rejects(apply(keyhold, {}), /keys\[0\]\.spec: .* has another\n {2}keys\[0\]\.usage: .* has another/)
  }
})

/** lifecycle.md IMP-31 to 33: what ImportKeyMaterial refuses. */
test('material that is none of the spec is refused, unshown', async (context) => {
  const keyhold = await harness(context)
  const p256 = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']).toString()
  for (const key of [
    { spec: 'HMAC_256', material: 'ab'.repeat(31) },
    { spec: 'HMAC_512', material: 'ab'.repeat(129) },
    { spec: 'ECC_NIST_P384', usage: 'SIGN_VERIFY', material: p256 },
    { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT', material: p256 },
    { spec: 'ECC_NIST_EDWARDS25519', usage: 'SIGN_VERIFY', material: Buffer.alloc(48, 7).toString('base64') },
  ]) {
    await assert.rejects(apply(keyhold, key), (error: Error) => {
      assert.ok(error instanceof SeedError)
      assert.match(error.message, new RegExp(`^keys\\[0\\]\\.material: no material of a key of spec ${key.spec}: `))
      assert.ok(!error.message.includes(key.material.slice(40, 60)))
      return true
    })
  }
})
