/** Where Keyhold may listen (design.md section 8: listening elsewhere without TLS is refused unless asked for by name). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback, requireLoopback, tlsOf } from '../../src/config/listen-rules.ts'
import { UsageError } from '../../src/config/operator-error.ts'

const plain = { tlsCert: undefined, tlsKey: undefined, allowPlainHttp: false }

test('loopback needs no TLS', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1']) {
    assert.equal(isLoopback(host), true, host)
    assert.equal(tlsOf({ ...plain, host }), undefined)
    requireLoopback(host)
  }
})

test('any other host is refused without TLS, those that only look like loopback included', () => {
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'example.org',
    '127.0.0.1.example.org',
    '127.example.org',
    'localhost.example.org',
    '1127.0.0.1',
  ]) {
    assert.equal(isLoopback(host), false, host)
    assert.throws(() => tlsOf({ ...plain, host }), UsageError, host)
    assert.throws(() => requireLoopback(host), UsageError, host)
  }
})

test('with TLS, or with plain HTTP asked for by name, any host will do', () => {
  assert.deepEqual(tlsOf({ ...plain, host: '0.0.0.0', tlsCert: '/c', tlsKey: '/k' }), { cert: '/c', key: '/k' })
  assert.equal(tlsOf({ ...plain, host: '0.0.0.0', allowPlainHttp: true }), undefined)
})

test('half of TLS is refused, on loopback too, and whatever else is allowed', () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const given = { ...plain, host, allowPlainHttp: true }
    assert.throws(() => tlsOf({ ...given, tlsCert: '/c' }), /--tls-key is missing/)
    assert.throws(() => tlsOf({ ...given, tlsKey: '/k' }), /--tls-cert is missing/)
  }
})
