/** What a server says of itself when it listens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverGreeting } from '../../src/cli/greeting.ts'
import { dataFolder } from '../../src/start/data-folder.ts'

const FACTS = {
  folder: dataFolder('/nowhere/keyhold'),
  prepared: { account: '111122223333', isFirstStart: false, store: undefined },
  region: 'us-east-1',
  hasConsole: true,
}
const TLS = { cert: 'cert.pem', key: 'key.pem' }

for (const host of ['0.0.0.0', '::']) {
  test(`who listens on all addresses (${host}) is shown under a name that can be called`, () => {
    const lines = serverGreeting({ ...FACTS, tls: TLS, address: { host, port: 4599 } }).split('\n')
    assert.ok(lines.some((line) => line.endsWith('https://localhost:4599/console/')))
    assert.ok(lines.some((line) => line.endsWith('--endpoint-url https://localhost:4599')))
    assert.equal(lines.at(-1), `listening on https://${host === '::' ? '[::]' : host}:4599`)
  })
}

test('any other address is shown as it is', () => {
  const text = serverGreeting({ ...FACTS, tls: undefined, address: { host: '::1', port: 80 } })
  assert.match(text, /--endpoint-url http:\/\/\[::1\]:80\n/)
  assert.doesNotMatch(text, /localhost/)
})
