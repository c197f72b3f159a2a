import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UsageError } from '../../src/config/operator-error.ts'
import { readExternalKeyStores } from '../../src/start/external-key-stores.ts'
import { selfSigned } from '../wire/self-signed.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-proxies-'))
const path = join(folder, 'proxies.yaml')
const SERVICE = 'com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0'
const { cert, key } = selfSigned('proxy')
writeFileSync(join(folder, 'ca.pem'), cert)
writeFileSync(join(folder, 'client.pem'), cert)
writeFileSync(join(folder, 'client-key.pem'), key)

after(() => rmSync(folder, { recursive: true }))

function read(text: string) {
  writeFileSync(path, text)
  return readExternalKeyStores(path)
}

test('a file says where proxies are; paths in it start from its folder', () => {
  const network = read(`
endpoints:
  https://XKS.example.com:
  https://xks.internal.example:
    private: true
    ca: ca.pem
    timeout: 400ms
services:
  ${SERVICE}:
    address: 10.0.0.7
    port: 8443
    ca: ${join(folder, 'ca.pem')}
    certificate: client.pem
    key: client-key.pem
`)
  const usual = {
    address: undefined,
    port: 443,
    isPrivate: false,
    ca: undefined,
    certificate: undefined,
    timeoutMs: 250,
  }
  assert.deepEqual(network, {
    endpoints: {
      'https://xks.example.com': usual,
      'https://xks.internal.example': { ...usual, isPrivate: true, ca: cert, timeoutMs: 400 },
    },
    services: {
      [SERVICE]: { ...usual, address: '10.0.0.7', port: 8443, ca: cert, certificate: { chain: cert, key } },
    },
  })
})

test('the file that the guide shows can be used', () => {
  const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'external-key-stores.md'), 'utf8')
  const [, shown] = /```yaml\n([^`]+)```/.exec(guide)!
  for (const name of ['corp-ca.pem', 'keyhold.pem']) writeFileSync(join(folder, name), cert)
  writeFileSync(join(folder, 'keyhold-key.pem'), key)
  const { endpoints, services } = read(shown!)
  assert.deepEqual(
    Object.values(endpoints).map(({ address, port, isPrivate, timeoutMs }) => [address, port, isPrivate, timeoutMs]),
    [
      [undefined, 443, false, 400],
      [undefined, 443, true, 250],
      ['10.1.2.3', 8443, false, 250],
    ],
  )
  assert.equal(services[SERVICE]!.address, 'xks.internal.example')
})

test('an empty file says nothing', () => {
  assert.deepEqual(read('# nothing yet\n'), { endpoints: {}, services: {} })
})

test('what cannot be used is named', () => {
  writeFileSync(join(folder, 'odd.pem'), 'a certificate')
  writeFileSync(join(folder, 'broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  writeFileSync(join(folder, 'other-key.pem'), selfSigned('other').key)
  const at = (member: string) => `endpoints: {"https://xks.example.com": {${member}}}`
  const wrong: readonly (readonly [text: string, says: RegExp])[] = [
    ['- https://xks.example.com', /expected names with values/],
    ['proxies: {}', /'proxies' is none of endpoints, services/],
    ['endpoints: {"http://xks.example.com": {}}', /expected an endpoint like/],
    ['endpoints: {"https://xks.example.com:8443": {}}', /expected an endpoint like/],
    ['endpoints: {"https://xks.example.com/path": {}}', /expected an endpoint like/],
    ['services: {orders: {}}', /expected the name of a service like/],
    [at('host: x'), /'host' is none of address, port/],
    [at('address: "not a host"'), /address: expected a host name or an IP address/],
    [at('port: 0'), /port: expected a whole number from 1 to 65535/],
    [at('private: perhaps'), /private: expected true or false/],
    [at('timeout: 11s'), /timeout: expected a duration such as 500ms, 5s or 2m, at most 10s/],
    [at('timeout: 250'), /timeout: expected a duration/],
    [at('ca: missing.pem'), /no such file/],
    [at('ca: odd.pem'), /there is no PEM certificate in it/],
    [at('ca: broken.pem'), /cannot use .*https:\/\/xks\.example\.com/],
    [at('certificate: client.pem'), /certificate and key belong together/],
    [at('certificate: client.pem, key: other-key.pem'), /mismatch/],
    ['endpoints: {', /cannot use/],
  ]
  for (const [text, says] of wrong) {
    assert.throws(
      () => read(text),
      (error) => {
        assert.ok(error instanceof UsageError, `${text}: ${error}`)
        assert.match(error.message, /^--external-key-stores: cannot use /)
        assert.match(error.message, says)
        return true
      },
      text,
    )
  }
  assert.throws(() => readExternalKeyStores(join(folder, 'none.yaml')), UsageError)
})
