/** What the operator hears of proxies (keystores.md 5.3, XC-10, XC-11), and what a proxy hears from time to time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '../../../../src/base/log.ts'
import { errorAnswer } from '../../../support/xks-proxy.ts'
import { createHarnessWithProxy } from './harness-with-proxy.ts'

interface Line {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

function keptLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = []
  const keep = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: fields as Line['fields'], message })
  }
  return { log: { info: keep('info'), warn: keep('warn'), error: keep('error') }, lines }
}

test('what a proxy says of an error is in the log, cut and printable; of many alike, one', async () => {
  const { log, lines } = keptLog()
  const keyhold = await createHarnessWithProxy({ log })
  try {
    const { KeyId } = await keyhold.newKey('k')
    keyhold.proxy.fault = () => errorAnswer('InternalException', `\u001b[31mdown\n${'x'.repeat(1000)}`)
    const before = lines.length
    const encrypt = () => keyhold.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') }).catch(() => {})
    for (let count = 0; count < 5; count++) await encrypt()
    const told = lines.slice(before)
    assert.equal(told.length, 1)
    const { failure, detail, operation, store } = told[0]!.fields
    assert.deepEqual([failure, operation, store], ['InternalException', 'Encrypt', keyhold.storeId])
    assert.match(String(detail), /^[\x20-\x7e]+$/)
    assert.ok(String(detail).includes('?[31mdown?xxx') && String(detail).length < 600)
    keyhold.clock.advance(11_000)
    await encrypt()
    assert.equal(lines.at(-1)!.fields.untoldBefore, 4)
  } finally {
    await keyhold.close()
  }
})

test('an IV that comes twice raises an alarm', async () => {
  const { log, lines } = keptLog()
  const keyhold = await createHarnessWithProxy({ log })
  try {
    const { KeyId } = await keyhold.newKey('k')
    const encrypt = () => keyhold.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
    for (let count = 0; count < 20; count++) await encrypt()
    assert.ok(lines.every(({ level }) => level !== 'error'))
    keyhold.proxy.keys.get('k')!.iv = Buffer.alloc(12, 7)
    await encrypt()
    await encrypt()
    const alarms = lines.filter(({ level }) => level === 'error')
    assert.equal(alarms.length, 1)
    assert.match(alarms[0]!.message, /IV twice/)
  } finally {
    await keyhold.close()
  }
})

test('a certificate of a proxy that expires within ten days is told of', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  for (const [days, isTold] of [
    [9, true],
    [12, false],
  ] as const) {
    const { log, lines } = keptLog()
    const keyhold = await createHarnessWithProxy({ log, days })
    try {
      // Certificates are made in real time.
      keyhold.clock.set(Date.now())
      const asked = keyhold.proxy.calls.length
      keyhold.proxy.managers = ['DEGRADED']
      t.mock.timers.tick(2 * 60_000)
      while (!lines.some(({ message }) => /manager is not well/.test(message))) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      assert.equal(keyhold.proxy.calls.length, asked + 1)
      const told = lines.filter(({ message }) => /certificate .* expires soon/.test(message))
      assert.deepEqual(
        told.map(({ fields }) => fields.daysLeft),
        isTold ? [days - 1] : [],
      )
    } finally {
      await keyhold.close()
    }
  }
})

test('a connected proxy is asked for its health, and a sick one changes no state', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { log, lines } = keptLog()
  const keyhold = await createHarnessWithProxy({ log })
  const said = async (pattern: RegExp) => {
    for (let tries = 0; tries < 400; tries++) {
      if (lines.some(({ message }) => pattern.test(message))) return true
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return false
  }
  try {
    keyhold.proxy.managers = ['ACTIVE', 'DEGRADED']
    t.mock.timers.tick(2 * 60_000)
    assert.ok(await said(/manager is not well/))
    assert.equal(keyhold.proxy.calls.at(-1)!.body.requestMetadata.kmsOperation, 'KmsHealthCheck')
    keyhold.proxy.fault = () => errorAnswer('DependencyTimeoutException')
    t.mock.timers.tick(2 * 60_000)
    assert.ok(await said(/proxy of an external key store is not well/))
    const [entry] = (await keyhold.call('DescribeCustomKeyStores')).CustomKeyStores
    assert.equal(entry.ConnectionState, 'CONNECTED')
    keyhold.proxy.fault = undefined
    await keyhold.call('DisconnectCustomKeyStore', { CustomKeyStoreId: keyhold.storeId })
    await keyhold.settled()
    const asked = keyhold.proxy.calls.length
    t.mock.timers.tick(10 * 60_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(keyhold.proxy.calls.length, asked)
  } finally {
    await keyhold.close()
  }
})
