import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { UsageError } from '../../src/config/operator-error.ts'
import { clusterIdOf } from '../../src/hsm/cluster-id.ts'
import { readHsmClusters } from '../../src/start/hsm-clusters.ts'
import { selfSigned } from '../support/softhsm.ts'

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'the OpenSSL command line is not installed here'
const folder = mkdtempSync(join(tmpdir(), 'keyhold-clusters-'))
const path = join(folder, 'clusters.yaml')

const run = (program: string, args: readonly string[]) => spawnSync(program, args, { encoding: 'utf8' }).stdout

before(() => {
  if (skip === false) writeFileSync(join(folder, 'customerCA.crt'), selfSigned(folder, run))
})
after(() => rmSync(folder, { recursive: true }))

function read(text: string) {
  writeFileSync(path, text)
  return readHsmClusters(path)
}

const ENTRY = 'module: hsm.so, tokens: [{label: blue}], trust-anchor: customerCA.crt'

test('a file says what a cluster is; paths in it start from its folder', { skip }, () => {
  const certificate = join(folder, 'customerCA.crt')
  const fingerprint = run('openssl', ['x509', '-in', certificate, '-noout', '-fingerprint', '-sha256'])
  const trustAnchorDigest = fingerprint.replace(/^.*=/, '').replaceAll(':', '').trim().toLowerCase()
  assert.deepEqual(read(`cluster-abcdefghijk: {${ENTRY}}`), [
    {
      clusterId: 'cluster-abcdefghijk',
      module: join(folder, 'hsm.so'),
      tokens: [{ label: 'blue' }],
      minCreate: 2,
      minConnect: 1,
      trustAnchorDigest,
      rotatePin: true,
      derivesKeys: true,
      gcmParameters: 'v2.40',
      environment: {},
    },
  ])
  const [cluster] = read(`
cluster-2222222222222222:
  module: /usr/lib/vendor/pkcs11.so
  tokens:
    - serial: "0123456789"
    - serial: 979c7fdeb7c00e6c
  trust-anchor: ${certificate}
  min-create: 1
  min-connect: 2
  rotate-pin: false
  derive-keys: false
  gcm-parameters: v2.30
  environment:
    VENDOR_CONFIG: /etc/vendor.conf
`)
  assert.deepEqual(cluster, {
    clusterId: 'cluster-2222222222222222',
    module: '/usr/lib/vendor/pkcs11.so',
    tokens: [{ serial: '0123456789' }, { serial: '979c7fdeb7c00e6c' }],
    minCreate: 1,
    minConnect: 2,
    trustAnchorDigest,
    rotatePin: false,
    derivesKeys: false,
    gcmParameters: 'v2.30',
    environment: { VENDOR_CONFIG: '/etc/vendor.conf' },
  })
})

test('an empty file says nothing', () => {
  assert.deepEqual(read(''), [])
})

test('what cannot be used is named', { skip }, () => {
  const wrong: readonly (readonly [text: string, says: RegExp])[] = [
    [`cluster-short: {${ENTRY}}`, /cluster-short: expected 'cluster-' and 11 to 16/],
    [`cluster-abcdefghij1: {${ENTRY}}`, /11 to 16 letters or digits from 2 to 7/],
    ['cluster-abcdefghijk: []', /expected names with values/],
    [`cluster-abcdefghijk: {${ENTRY}, pin: x}`, /'pin' is none of module, tokens/],
    ['cluster-abcdefghijk: {tokens: [{label: blue}]}', /module: expected the path|trust-anchor/],
    [`cluster-abcdefghijk: {${ENTRY.replace('[{label: blue}]', '[]')}}`, /tokens: expected a list of 1 to 100/],
    [`cluster-abcdefghijk: {${ENTRY.replace('label: blue', 'serial: 123')}}`, /as a text in quotes/],
    [`cluster-abcdefghijk: {${ENTRY.replace('label: blue', 'label: a, serial: b')}}`, /the serial or the label/],
    [`cluster-abcdefghijk: {${ENTRY}, min-create: 0}`, /min-create: expected a number from 1/],
    [`cluster-abcdefghijk: {${ENTRY}, rotate-pin: sometimes}`, /rotate-pin: expected true or false/],
    [`cluster-abcdefghijk: {${ENTRY}, gcm-parameters: 3}`, /gcm-parameters: expected v2.40 or v2.30/],
    [`cluster-abcdefghijk: {${ENTRY}, environment: {A: 1}}`, /environment: A: expected a text/],
    [`cluster-abcdefghijk: {${ENTRY.replace('customerCA.crt', 'clusters.yaml')}}`, /expected a certificate/],
    [`cluster-abcdefghijk: {${ENTRY.replace('customerCA.crt', 'none.crt')}}`, /no such file/],
  ]
  for (const [text, says] of wrong) {
    assert.throws(
      () => read(text),
      (error) => error instanceof UsageError && says.test(error.message),
      text,
    )
  }
})

test('a cluster’s id is base32 of a digest of manufacturer and serial number, as coreutils make it', { skip }, () => {
  const token = { manufacturer: 'SoftHSM project', serial: '979c7fdeb7c00e6c' }
  writeFileSync(path, token.manufacturer + token.serial)
  const digest = join(folder, 'digest')
  run('openssl', ['dgst', '-sha256', '-binary', '-out', digest, path])
  assert.equal(readFileSync(digest).length, 32)
  const base32 = run('base32', ['-w0', digest]).toLowerCase().slice(0, 11)
  assert.equal(base32.length, 11)
  assert.equal(clusterIdOf(token), `cluster-${base32}`)
})
