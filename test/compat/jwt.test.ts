/** JSON Web Tokens: jwt-on-kms as it comes, and tokens signed by KMS keys that jose verifies, against `keyhold start`. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { compactVerify, importSPKI, jwtVerify } from 'jose'
import * as jwtOnKms from 'jwt-on-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const folder = temporaryFolder('jwt')
let keyhold: KeyholdProcess
let client: kms.KMSClient

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
  const credentials = readCredentials(folder.path)
  client = new kms.KMSClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials })
  jwtOnKms.setClient(client)
})

after(async () => {
  client?.destroy()
  await keyhold?.end()
  folder.remove()
})

async function createKey(KeySpec: kms.KeySpec): Promise<string> {
  return (await client.send(new kms.CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }))).KeyMetadata!.KeyId!
}

test('jwt-on-kms signs a token and verifies it with the public key that it fetches', async (context) => {
  // The library prints what it signs.
  context.mock.method(console, 'log', () => {})
  for (const spec of ['RSA_2048', 'RSA_3072'] as const) {
    const keyId = await createKey(spec)
    const token = await jwtOnKms.sign({ sub: 'alice', admin: true }, keyId, { expiresIn: 60 })
    const verified = await jwtOnKms.verify(token, keyId)
    assert.ok(verified.isValid, verified.error ?? 'the token is not valid')
    assert.equal(verified.payload!.sub, 'alice')

    const [header, , signature] = token.split('.') as [string, string, string]
    const forged = Buffer.from(JSON.stringify({ sub: 'mallory' })).toString('base64url')
    assert.equal((await jwtOnKms.verify(`${header}.${forged}.${signature}`, keyId)).isValid, false)
    assert.equal((await jwtOnKms.verify(token, await createKey(spec))).isValid, false)
  }
})

/** RFC 7518, 8037: name in the token's header, key spec, algorithm of KMS. */
const ALGORITHMS = [
  ['RS256', 'RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256'],
  ['RS384', 'RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384'],
  ['RS512', 'RSA_3072', 'RSASSA_PKCS1_V1_5_SHA_512'],
  ['PS256', 'RSA_2048', 'RSASSA_PSS_SHA_256'],
  ['PS384', 'RSA_3072', 'RSASSA_PSS_SHA_384'],
  ['PS512', 'RSA_4096', 'RSASSA_PSS_SHA_512'],
  ['ES256', 'ECC_NIST_P256', 'ECDSA_SHA_256'],
  ['ES384', 'ECC_NIST_P384', 'ECDSA_SHA_384'],
  ['ES512', 'ECC_NIST_P521', 'ECDSA_SHA_512'],
  ['EdDSA', 'ECC_NIST_EDWARDS25519', 'ED25519_SHA_512'],
] as const

/** RFC 7518, section 3.4: r ‖ s, where KMS answers DER. */
function joseSignature(alg: string, signature: Buffer): Buffer {
  const bytes = { ES256: 32, ES384: 48, ES512: 66 }[alg]
  if (bytes === undefined) return signature
  let at = signature[1] === 0x81 ? 3 : 2
  const integer = () => {
    const value = signature.subarray(at + 2, at + 2 + signature[at + 1]!)
    at += 2 + signature[at + 1]!
    return Buffer.concat([Buffer.alloc(bytes), value]).subarray(-bytes)
  }
  return Buffer.concat([integer(), integer()])
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

for (const [alg, spec, SigningAlgorithm] of ALGORITHMS) {
  test(`jose verifies a token ${alg} that a key ${spec} signed`, async () => {
    const KeyId = await createKey(spec)
    const claims = { iss: 'keyhold', sub: 'alice', exp: Math.floor(Date.now() / 1000) + 60 }
    const input = `${encoded({ alg, kid: KeyId })}.${encoded(claims)}`
    const Message = Buffer.from(input)
    const { Signature } = await client.send(new kms.SignCommand({ KeyId, Message, SigningAlgorithm }))
    const token = `${input}.${joseSignature(alg, Buffer.from(Signature!)).toString('base64url')}`

    const { PublicKey } = await client.send(new kms.GetPublicKeyCommand({ KeyId }))
    const spki = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })
    const key = await importSPKI(spki.export({ format: 'pem', type: 'spki' }) as string, alg)
    const { payload } = await jwtVerify(token, key, { issuer: 'keyhold', algorithms: [alg] })
    assert.equal(payload.sub, 'alice')
    const forged = `${encoded({ alg, kid: KeyId })}.${encoded({ ...claims, sub: 'mallory' })}.${token.split('.')[2]}`
    await assert.rejects(compactVerify(forged, key), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
  })
}
