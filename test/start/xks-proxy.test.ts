import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UsageError } from '../../src/config/operator-error.ts'
import { readXksProxy, readXksTenants } from '../../src/start/xks-proxy.ts'
import { TENANT_A, writeCredential } from '../support/xks-server.ts'
import { selfSigned } from '../wire/self-signed.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-xks-'))
const path = join(folder, 'xks.yaml')
const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const replicaIn = (region: string) => `arn:aws:kms:${region}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab`
const { cert, key } = selfSigned('xks')
writeFileSync(join(folder, 'cert.pem'), cert)
writeFileSync(join(folder, 'key.pem'), key)
writeFileSync(join(folder, 'other-key.pem'), selfSigned('other').key)
writeCredential(join(folder, 'a'), '/tenant-a', 'first', TENANT_A)
mkdirSync(join(folder, 'empty'))

after(() => rmSync(folder, { recursive: true }))

function read(text: string) {
  writeFileSync(path, text)
  return readXksProxy(path)
}

const EVERYBODY = { principals: undefined, kmsKeys: undefined, viaServices: undefined, operations: undefined }

test('a file says where to listen, for whom, with which keys; paths in it start from its folder', () => {
  const settings = read(`
host: 0.0.0.0
port: 8443
tls-cert: cert.pem
tls-key: key.pem
timeout: 500ms
tenants:
  /tenant-a:
    credentials: a
    regions: [eu-west-1]
    calls-per-second: 50
    keys:
      orders-2026:
        kms-key: ${KEY}
        usage: [DECRYPT]
        allow:
          principals: ['arn:aws:iam::444455556666:role/*']
          kms-keys: ['*']
          via-services: [ebs]
          operations: [Decrypt]
  /:
    credentials: empty
`)
  assert.deepEqual(settings, {
    listen: { host: '0.0.0.0', port: 8443 },
    tls: { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    timeoutMs: 500,
    tenants: [
      {
        prefix: '/tenant-a',
        credentials: join(folder, 'a'),
        regions: ['eu-west-1'],
        callsPerSecondMax: 50,
        keys: [
          {
            externalId: 'orders-2026',
            key: { arn: KEY, account: '111122223333', region: 'eu-central-1', keyId: KEY.split('/')[1] },
            usages: ['DECRYPT'],
            allow: {
              principals: ['arn:aws:iam::444455556666:role/*'],
              kmsKeys: ['*'],
              viaServices: ['ebs'],
              operations: ['Decrypt'],
            },
          },
        ],
      },
      { prefix: '', credentials: join(folder, 'empty'), regions: undefined, callsPerSecondMax: 1_800, keys: [] },
    ],
  })
})

test('what is left out: this machine, port 443, both usages, everybody', () => {
  const { listen, tls, tenants, timeoutMs } = read(
    `tenants: {/tenant-a: {credentials: a, keys: {k: {kms-key: '${KEY}'}}}}`,
  )
  assert.deepEqual(listen, { host: '127.0.0.1', port: 443 })
  assert.equal(tls, undefined)
  assert.equal(timeoutMs, 200)
  const [{ usages, allow }] = tenants[0]!.keys as [(typeof tenants)[0]['keys'][0]]
  assert.deepEqual(usages, ['ENCRYPT', 'DECRYPT'])
  assert.deepEqual(allow, EVERYBODY)
})

test('the file that the guide shows can be used', () => {
  const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'external-key-manager.md'), 'utf8')
  const [, shown] = /```yaml\n([\s\S]*?)```/.exec(guide)!
  writeFileSync(join(folder, 'xks.pem'), cert)
  writeFileSync(join(folder, 'xks-key.pem'), key)
  writeFileSync(path, shown!)
  assert.equal(readXksTenants(path).tenants.length, 1)
})

const tenant = (members: string) => `tenants:\n  /tenant-a: {credentials: a, ${members}}`
const withKey = (members: string) => tenant(`keys: {k: {kms-key: '${KEY}', ${members}}}`)

for (const [what, text, expected] of [
  ['no tenant', 'port: 443', 'xks.yaml: tenants: expected 1 to 100 of them'],
  [
    'an unknown name',
    `prot: 443\n${tenant('')}`,
    "xks.yaml: 'prot' is none of host, port, tls-cert, tls-key, timeout, tenants",
  ],
  ['a bad port', `port: 70000\n${tenant('')}`, 'xks.yaml: port: expected a whole number from 0 to 65535'],
  ['a bad time', `timeout: 1h\n${tenant('')}`, 'xks.yaml: timeout: expected a duration such as 500ms'],
  ['no time', `timeout: 0s\n${tenant('')}`, 'xks.yaml: timeout: expected a duration such as 500ms'],
  ['a bad host', `host: 'a b'\n${tenant('')}`, 'xks.yaml: host: expected a host name or an IP address'],
  [
    'no TLS beyond this machine',
    `host: 0.0.0.0\n${tenant('')}`,
    'xks.yaml: tls-cert: 0.0.0.0 is reachable from other machines, which needs tls-cert and tls-key',
  ],
  ['half of TLS', `tls-cert: cert.pem\n${tenant('')}`, 'xks.yaml: tls-key: expected the path of a file'],
  [
    'another key',
    `tls-cert: cert.pem\ntls-key: other-key.pem\n${tenant('')}`,
    'other-key.pem is not the key of the first certificate',
  ],
  [
    'a bad prefix',
    'tenants: {tenant-a: {credentials: a}}',
    'xks.yaml: tenant-a: expected what stands before /kms/xks/v1',
  ],
  ['a prefix with an empty part', 'tenants: {/a//b: {credentials: a}}', 'xks.yaml: /a//b: expected what stands before'],
  ['no credentials', 'tenants: {/tenant-a: {}}', 'xks.yaml: /tenant-a: credentials: expected the path of a file'],
  [
    'no folder of credentials',
    'tenants: {/tenant-a: {credentials: none}}',
    "there is no such file or folder; 'keyhold xks-credential create' makes one",
  ],
  [
    'credentials of another tenant',
    'tenants: {/tenant-b: {credentials: a}}',
    'its XksProxyUriPath is not /tenant-b/kms/xks/v1',
  ],
  ['a bad Region', tenant('regions: [mars]'), "xks.yaml: /tenant-a: regions: 'mars' is no Region such as eu-west-1"],
  ['no Region at all', tenant('regions: []'), 'xks.yaml: /tenant-a: regions: expected a list of texts'],
  [
    'a bad rate',
    tenant('calls-per-second: 0'),
    'xks.yaml: /tenant-a: calls-per-second: expected a whole number from 1',
  ],
  [
    'a bad id',
    tenant(`keys: {'a b': {kms-key: '${KEY}'}}`),
    'xks.yaml: /tenant-a: keys: a b: expected an id of at most 128 characters',
  ],
  ['an id of dots', tenant(`keys: {..: {kms-key: '${KEY}'}}`), 'xks.yaml: /tenant-a: keys: ..: expected an id'],
  [
    'a key that is no ARN',
    tenant('keys: {k: {kms-key: alias/x}}'),
    'xks.yaml: /tenant-a: keys: k: kms-key: expected the ARN of a key',
  ],
  [
    'a key of another partition',
    tenant(`keys: {k: {kms-key: '${KEY.replace('aws', 'aws-cn')}'}}`),
    'k: kms-key: expected the ARN of a key',
  ],
  [
    'a bad usage',
    withKey('usage: [SIGN]'),
    'xks.yaml: /tenant-a: keys: k: usage: expected a list of ENCRYPT and DECRYPT',
  ],
  [
    'an unknown condition',
    withKey('allow: {who: [x]}'),
    "keys: k: allow: 'who' is none of principals, kms-keys, via-services, operations",
  ],
  [
    'a condition that is no list',
    withKey('allow: {principals: x}'),
    'keys: k: allow: principals: expected a list of texts',
  ],
  [
    'one key for two tenants',
    `${withKey('')}\n  /tenant-c: {credentials: empty, keys: {k2: {kms-key: '${KEY}'}}}`,
    'xks.yaml: /tenant-c: keys: k2: kms-key: the key serves the tenant /tenant-a already',
  ],
  [
    // Members of a set share key id and material (lifecycle.md MRK-4).
    'replicas of one key for two tenants',
    `${tenant(`keys: {k: {kms-key: '${replicaIn('eu-central-1')}'}}`)}\n  /tenant-c: {credentials: empty, keys: {k2: {kms-key: '${replicaIn('us-east-1')}'}}}`,
    'xks.yaml: /tenant-c: keys: k2: kms-key: the key serves the tenant /tenant-a already',
  ],
] as const) {
  test(`refused in one sentence: ${what}`, () => {
    assert.throws(
      () => read(text),
      (error: unknown) => {
        assert.ok(error instanceof UsageError)
        assert.ok(error.message.startsWith('--xks-proxy: cannot use '), error.message)
        assert.ok(error.message.includes(expected), error.message)
        assert.ok(!error.message.includes('\n'))
        return true
      },
    )
  })
}
