/** Chains that OpenSSL made, longer than those of our own test documents. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { ChainError, verifyChain } from '../../../src/crypto/attestation/certificate-chain.ts'
import { NO_OPENSSL, openssl } from '../algorithms/support/openssl.ts'

interface Authority {
  readonly name: string
  readonly key: KeyObject
  readonly der: Buffer
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
}

function pem(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }))
}

function selfSigned(name: string): Authority {
  const key = newKey()
  const extensions = ['-addext', 'keyUsage=critical,keyCertSign']
  const args = [
    'req',
    '-x509',
    '-new',
    '-key',
    'key',
    '-subj',
    `/CN=${name}`,
    ...extensions,
    '-days',
    '30',
    '-outform',
    'DER',
  ]
  return { name, key, der: openssl(args, { key: pem(key) }) }
}

function issued(by: Authority, name: string, extensions: readonly string[]): Authority {
  const key = newKey()
  const request = openssl(['req', '-new', '-key', 'key', '-subj', `/CN=${name}`], { key: pem(key) })
  const args = [
    'x509',
    '-req',
    '-in',
    'request',
    '-CA',
    'ca',
    '-CAkey',
    'key',
    '-set_serial',
    '7',
    '-days',
    '10',
    '-extfile',
    'extensions',
    '-outform',
    'DER',
  ]
  const ca = Buffer.from(new X509Certificate(by.der).toString())
  const files = { request, ca, key: pem(by.key), extensions: Buffer.from(extensions.join('\n')) }
  return { name, key, der: openssl(args, files) }
}

const LEAF = ['basicConstraints=critical,CA:FALSE', 'keyUsage=digitalSignature']

function authority(pathLength: number): string[] {
  return [`basicConstraints=critical,CA:TRUE,pathlen:${pathLength}`, 'keyUsage=critical,keyCertSign']
}

function refuses(chain: readonly Authority[], reason: RegExp, time = Date.now()): void {
  const ders = chain.map(({ der }) => der)
  assert.throws(
    () => verifyChain(ders, [ders[0]!], time),
    (error) => error instanceof ChainError && reason.test(error.message),
  )
}

test('a chain of four is followed, within its path lengths', { skip: NO_OPENSSL }, () => {
  const root = selfSigned('root')
  const regional = issued(root, 'regional', authority(1))
  const zonal = issued(regional, 'zonal', authority(0))
  const leaf = issued(zonal, 'leaf', LEAF)
  const chain = [root, regional, zonal, leaf].map(({ der }) => der)
  assert.equal(verifyChain(chain, [root.der], Date.now() + 60_000).subject, 'CN=leaf')
  refuses([root, zonal, leaf], /did not sign/)
  refuses([root, zonal, regional, leaf], /did not sign|may not issue/)
  refuses([root, regional, zonal, leaf], /expired/, Date.now() + 11 * 86_400_000)
})

test('a path that is longer than an issuer allows is refused', { skip: NO_OPENSSL }, () => {
  const root = selfSigned('root')
  const first = issued(root, 'first', authority(0))
  const second = issued(first, 'second', authority(0))
  refuses([root, first, second, issued(second, 'leaf', LEAF)], /may not issue/)
})

test('an issuer without keyCertSign, or with a critical extension that nobody knows, is refused', {
  skip: NO_OPENSSL,
}, () => {
  const root = selfSigned('root')
  const signer = issued(root, 'signer', ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature'])
  refuses([root, signer, issued(signer, 'leaf', LEAF)], /may not issue/)
  const strange = issued(root, 'strange', [...LEAF, '1.2.3.4.5=critical,ASN1:NULL'])
  refuses([root, strange], /critical/)
})

test('a certificate of another issuer with the same name is refused', { skip: NO_OPENSSL }, () => {
  const [root, impostor] = [selfSigned('root'), selfSigned('root')]
  refuses([root, issued(impostor, 'leaf', LEAF)], /did not sign/)
})

test('what is no certificate is refused', () => {
  assert.throws(() => verifyChain([], [], 0), ChainError)
  const junk = Buffer.from('junk')
  assert.throws(() => verifyChain([junk], [junk], 0), /no certificate/)
})
