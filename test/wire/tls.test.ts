import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import type { Log } from '../../src/base/log.ts'
import { HOST } from '../auth/signer.ts'
import { exchange, parseAnswers } from './raw-client.ts'
import { type SelfSigned, selfSigned } from './self-signed.ts'
import { goodRequest, startSlowServer } from './slow-server.ts'

const RELOAD_MS = 20
const NOT_REPLACED = 'the new TLS certificate cannot be used, and the old one stays in force'

interface Cleanup {
  after(work: () => void | Promise<void>): void
}

async function setUp(t: Cleanup) {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-tls-'))
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const install = ({ cert, key }: SelfSigned) => {
    writeFileSync(tls.cert, cert)
    writeFileSync(tls.key, key)
  }
  const first = selfSigned('first')
  install(first)
  const logged: string[] = []
  const note = (fields: { problem?: string }, message: string) => {
    logged.push(fields.problem === undefined ? message : `${message}: ${fields.problem}`)
  }
  const log: Log = { info: note, warn: note, error: note }
  const slow = await startSlowServer({ tls, log, limits: { tlsReloadIntervalMs: RELOAD_MS, shutdownTimeoutMs: 500 } })
  t.after(async () => {
    await slow.close()
    rmSync(folder, { recursive: true })
  })
  return { slow, tls, install, first, logged }
}

async function dial(t: Cleanup, port: number, options: object): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...options })
  t.after(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

async function ask(socket: TLSSocket, bytes: Buffer): Promise<string> {
  socket.write(bytes)
  let received = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += (chunk as Buffer).toString('latin1')
    if (parseAnswers(received).length > 0) break
  }
  return parseAnswers(received)[0]!.body
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'it did not come about in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

for (const [version, cipher] of [
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
] as const) {
  test(`a call over ${version} carries the facts of its connection (audit.md section 2)`, async (t) => {
    const { slow, first } = await setUp(t)
    const socket = await dial(t, slow.port, {
      ca: first.cert,
      minVersion: version,
      maxVersion: version,
      ...(version === 'TLSv1.2' ? { ciphers: cipher } : {}),
    })
    const answering = ask(socket, await goodRequest())
    await slow.arrived(1)
    const { call } = slow.calls[0]!
    assert.deepEqual(call.tls, { tlsVersion: version, cipherSuite: cipher, clientProvidedHostHeader: HOST })
    assert.equal(call.sourceIp, '127.0.0.1')
    slow.calls[0]!.answer({ n: 1 })
    assert.equal(await answering, '{"n":1}')
  })
}

test('a connection over TLS goes from plain requests to pieces, other forms and several at once', async (t) => {
  const { slow, first } = await setUp(t)
  const socket = await dial(t, slow.port, { ca: first.cert })
  const odd = await goodRequest('{"n":4}', { TE: 'trailers' })
  const cut = await goodRequest('{"n":3}')
  const parts = [
    await goodRequest('{"n":1}'),
    await goodRequest('{"n":2}'),
    cut.subarray(0, 40),
    cut.subarray(40),
    odd,
    Buffer.concat([await goodRequest('{"n":5}'), await goodRequest('{"n":6}')]),
  ]
  let received = ''
  socket.on('data', (piece: Buffer) => {
    received += piece.toString('latin1')
  })
  const answered = (async () => {
    for (let call = 0; call < 6; call++) {
      await slow.arrived(call + 1)
      slow.calls[call]!.answer(slow.calls[call]!.body)
    }
  })()
  for (const part of parts) {
    socket.write(part)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await answered
  await until(() => parseAnswers(received).length === 6)
  const bodies = parseAnswers(received).map(({ body }) => body)
  assert.deepEqual(bodies, ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}', '{"n":5}', '{"n":6}'])
})

test('TLS 1.1 is refused', async (t) => {
  const { slow, first } = await setUp(t)
  const options = { ca: first.cert, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
  await assert.rejects(dial(t, slow.port, options), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
})

test('plain HTTP on the TLS port gets no answer and does no harm', async (t) => {
  const { slow, first } = await setUp(t)
  const plain = await exchange(slow.port, await goodRequest())
  assert.deepEqual(plain.answers, [])
  const socket = await dial(t, slow.port, { ca: first.cert })
  assert.equal(socket.getPeerCertificate().subject.CN, 'first')
})

test('a new certificate is served to new connections, and open ones go on', async (t) => {
  const { slow, install, first, logged } = await setUp(t)
  const old = await dial(t, slow.port, { ca: first.cert })
  const second = selfSigned('second')
  install(second)
  await until(() => logged.includes('the TLS certificate was replaced'))
  const fresh = await dial(t, slow.port, { ca: second.cert })
  assert.equal(fresh.getPeerCertificate().subject.CN, 'second')
  const answering = ask(old, await goodRequest())
  await slow.arrived(1)
  slow.calls[0]!.answer({ old: true })
  assert.equal(await answering, '{"old":true}')
})

test('half a replacement is reported once and the old certificate stays until it is whole', async (t) => {
  const { slow, tls, first, logged } = await setUp(t)
  const second = selfSigned('second')
  writeFileSync(tls.cert, second.cert)
  await until(() => logged.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 5 * RELOAD_MS))
  assert.deepEqual(logged, [
    `${NOT_REPLACED}: ${tls.key} is not the key of the first certificate in ${tls.cert} (key values mismatch)`,
  ])
  const before = await dial(t, slow.port, { ca: first.cert })
  assert.equal(before.getPeerCertificate().subject.CN, 'first')
  rmSync(tls.key)
  await new Promise((resolve) => setTimeout(resolve, 5 * RELOAD_MS))
  writeFileSync(tls.key, second.key)
  await until(() => logged.includes('the TLS certificate was replaced'))
  const after = await dial(t, slow.port, { ca: second.cert })
  assert.equal(after.getPeerCertificate().subject.CN, 'second')
})

/** What is wrong with a renewed certificate, and how it is made so. */
const UNUSABLE: readonly {
  readonly what: string
  spoil(tls: { readonly cert: string; readonly key: string }): void
  readonly problem: (tls: { readonly cert: string; readonly key: string }) => string
}[] = [
  {
    what: 'is no certificate',
    spoil: ({ cert }) => writeFileSync(cert, 'no certificate'),
    problem: ({ cert }) => `cannot use ${cert}: expected certificates in PEM, the server's own first (no start line)`,
  },
  {
    what: 'has no key that can be read',
    spoil: ({ key }) => writeFileSync(key, 'no key'),
    problem: ({ key }) => `cannot use ${key}: expected a private key in PEM, not under a passphrase (unsupported)`,
  },
  {
    what: 'is missing',
    spoil: ({ cert }) => rmSync(cert),
    problem: ({ cert }) => `cannot read ${cert}: there is no such file or folder`,
  },
  {
    what: 'is a folder',
    spoil({ key }) {
      rmSync(key)
      mkdirSync(key)
    },
    problem: ({ key }) => `cannot read ${key}: it is a folder, expected a file`,
  },
  {
    what: 'is over',
    spoil(tls) {
      const { cert, key } = selfSigned('over', { isExpired: true })
      writeFileSync(tls.cert, cert)
      writeFileSync(tls.key, key)
    },
    problem: ({ cert }) => `${cert} expired on ${new Date().toISOString().slice(0, 2)}`,
  },
]

for (const { what, spoil, problem } of UNUSABLE) {
  test(`a renewed certificate that ${what} is told of in one line, and the old one stays in force`, async (t) => {
    const { slow, tls, first, logged } = await setUp(t)
    spoil(tls)
    // Both files are not replaced in one instant; what was seen between the two is told as well.
    await until(() => logged.some((line) => line.startsWith(`${NOT_REPLACED}: ${problem(tls)}`)))
    for (const line of logged) assert.ok(!line.includes('\n'), line)
    const socket = await dial(t, slow.port, { ca: first.cert })
    assert.equal(socket.getPeerCertificate().subject.CN, 'first')
  })
}

test('files that are missing, no PEM or no pair fail at the start', async (t) => {
  const { tls } = await setUp(t)
  const stranger = selfSigned('stranger')
  const start = () => startSlowServer({ tls })
  writeFileSync(tls.key, stranger.key)
  await assert.rejects(start, /key\.pem is not the key of the first certificate in /)
  writeFileSync(tls.key, 'no key')
  await assert.rejects(start, /cannot use .*key\.pem: expected a private key in PEM/)
  rmSync(tls.key)
  await assert.rejects(start, /cannot read .*key\.pem: there is no such file/)
})
