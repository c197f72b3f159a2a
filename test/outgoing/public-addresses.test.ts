import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FetchError, fetchDocument } from '../../src/outgoing/fetch-document.ts'
import { isOwnNetworkAddress, isPublicAddress } from '../../src/outgoing/public-addresses.ts'

/** IANA special-purpose address registries. */
const NOT_PUBLIC = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  'localhost',
  '127.1',
  '0x7f000001',
  '',
]

test('addresses for special purposes are not public, in any spelling', () => {
  for (const address of NOT_PUBLIC) assert.equal(isPublicAddress(address), false, address)
})

test('addresses of the Internet are', () => {
  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
  ]) {
    assert.equal(isPublicAddress(address), true, address)
  }
})

test('networks of one’s own are neither this machine, nor its link, nor where clouds keep their metadata', () => {
  for (const address of ['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd12:3456::1']) {
    assert.equal(isOwnNetworkAddress(address), true, address)
  }
  const others = ['127.0.0.1', '::1', '169.254.169.254', 'fe80::1', '0.0.0.0', '8.8.8.8', '172.32.0.1', '224.0.0.1']
  const metadata = ['100.100.100.200', 'fd00:ec2::254', 'fd00:0ec2:0:0::254']
  for (const address of [...others, ...metadata, '::ffff:127.0.0.1', '::ffff:169.254.169.254', 'localhost', '']) {
    assert.equal(isOwnNetworkAddress(address), false, address)
  }
})

test('nothing is fetched from a private address, whatever it is called, nor without TLS', async () => {
  const urls = [
    'https://127.0.0.1/x',
    'https://127.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/x',
    'http://example.com/x',
    'ftp://example.com/x',
    'https://user:secret@example.com/x',
    'file:///etc/passwd',
    'no address',
  ]
  for (const url of urls) {
    await assert.rejects(fetchDocument(url, { isPrivate: false, ca: undefined }), FetchError, url)
  }
})

test('a refusal says what for', async () => {
  await assert.rejects(fetchDocument('https://localhost/', { isPrivate: false, ca: undefined }), (error) => {
    const causes = [error, (error as Error).cause].map(String).join(' ')
    return causes.includes('localhost is on a private address')
  })
})
