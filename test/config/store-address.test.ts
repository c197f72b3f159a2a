/** Addresses of stores: what libpq takes ("Connection URIs"), as far as it is safe. */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { UsageError } from '../../src/config/operator-error.ts'
import { storeAddressOf } from '../../src/config/store-address.ts'
import { readStorePassword } from '../../src/config/store-password.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const TLS = { rootCert: undefined, cert: undefined, key: undefined }
const ADDRESS = { host: 'db.example.org', port: 5432, database: 'keys', user: 'keyhold', tls: TLS }

function faultOf(text: string): string {
  try {
    storeAddressOf(text)
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error))
    return `${error.message} (${error.hint})`
  }
  return assert.fail(`${text} was taken`)
}

test('an address beyond this machine means TLS that verifies the server', () => {
  assert.deepEqual(storeAddressOf('postgres://keyhold@db.example.org/keys'), ADDRESS)
  assert.deepEqual(storeAddressOf('postgresql://keyhold@db.example.org:6432/keys?sslmode=verify-full'), {
    ...ADDRESS,
    port: 6432,
  })
  assert.deepEqual(storeAddressOf('postgres://keyhold@db.example.org/keys?sslrootcert=/ca.pem'), {
    ...ADDRESS,
    tls: { ...TLS, rootCert: '/ca.pem' },
  })
  assert.deepEqual(storeAddressOf('postgres://keyhold@[2001:db8::1]/keys?sslcert=/c.pem&sslkey=/k.pem'), {
    ...ADDRESS,
    host: '2001:db8::1',
    tls: { ...TLS, cert: '/c.pem', key: '/k.pem' },
  })
  assert.deepEqual(storeAddressOf('postgres://keyhold@db.example.org/keys?sslmode=disable'), {
    ...ADDRESS,
    tls: undefined,
  })
})

test('on this machine nobody is on the way', () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    assert.equal(storeAddressOf(`postgres://keyhold@${host}/keys`).tls, undefined)
  }
  assert.deepEqual(storeAddressOf('postgres://keyhold@localhost/keys?sslmode=verify-full').tls, TLS)
  assert.deepEqual(storeAddressOf('postgres://keyhold@/keys?host=/run/postgresql'), {
    ...ADDRESS,
    host: '/run/postgresql',
    tls: undefined,
  })
  assert.equal(storeAddressOf('postgres://keyhold@/keys?host=/run/postgresql&port=5433').port, 5433)
})

test('names may have what a URL must escape', () => {
  const { user, database } = storeAddressOf('postgres://key%40hold@localhost/my%20keys')
  assert.deepEqual({ user, database }, { user: 'key@hold', database: 'my keys' })
})

test('a password is refused, and no error repeats it', () => {
  for (const text of [
    'postgres://keyhold:geheim@localhost/keys',
    'postgres://keyhold:geheim@localhost/',
    'postgres://u:geheim@h:x/d',
  ]) {
    const fault = faultOf(text)
    assert.doesNotMatch(fault, /geheim/)
  }
  assert.match(
    faultOf('postgres://keyhold:geheim@localhost/keys'),
    /password.*KEYHOLD_STORE_PASSWORD.*--store-password-file.*\.pgpass/,
  )
})

test('whatever would not tell the server from somebody on the way is refused', () => {
  for (const mode of ['require', 'prefer', 'allow', 'verify-ca', 'no-verify', '']) {
    assert.match(faultOf(`postgres://keyhold@db.example.org/keys?sslmode=${mode}`), /sslmode.*verify-full/)
  }
})

test('what is no address is refused, with one that is', () => {
  const wrong = [
    ...['', 'keys', 'mysql://keyhold@localhost/keys', 'postgres://localhost/keys', 'postgres://keyhold@localhost'],
    ...['postgres://keyhold@localhost/a/b', 'postgres://keyhold@/keys', 'postgres://keyhold@/keys?host=localhost'],
    ...[
      'postgres://keyhold@localhost/%zz',
      'postgres://keyhold@localhost/keys#x',
      'postgres://keyhold@localhost:99999/keys',
    ],
  ]
  for (const text of wrong) assert.match(faultOf(text), /postgres:\/\/keyhold@/, text)
  assert.match(faultOf('postgres://keyhold@localhost/keys?options=-c'), /unknown or there twice.*sslmode/)
  assert.match(faultOf('postgres://keyhold@localhost/keys?sslmode=disable&sslmode=verify-full'), /there twice/)
  assert.match(faultOf('postgres://keyhold@localhost/keys?sslcert=/c.pem'), /belong together/)
  assert.match(faultOf('postgres://keyhold@localhost/keys?sslrootcert=ca.pem'), /absolute/)
  assert.match(
    faultOf('postgres://keyhold@localhost/keys?sslmode=disable&sslrootcert=/ca.pem'),
    /leave one of the two out/,
  )
})

test('a password file that everybody can read is refused', {
  skip: process.platform === 'win32' && 'no file modes',
}, () => {
  const folder = temporaryFolder('store-password')
  const path = join(folder.path, 'password')
  writeFileSync(path, 'geheim\n', { mode: 0o600 })
  assert.equal(readStorePassword(path), 'geheim')
  chmodSync(path, 0o640)
  assert.equal(readStorePassword(path), 'geheim')
  chmodSync(path, 0o644)
  assert.throws(() => readStorePassword(path), {
    name: 'OperatorError',
    message: /every user of this machine can read/,
  })
  assert.throws(() => readStorePassword(join(folder.path, 'none')), /no such file/)
  folder.remove()
})
