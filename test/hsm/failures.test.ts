/** What breaks below a custom key store, and what callers see of it (keystores.md 2.7, CS-12, HU-3, HU-4, HK-3). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { reconnectKeyStores } from '../../src/domain/key-stores/connector.ts'
import type { CloudHsmKeyStore } from '../../src/domain/key-stores/custom-key-store.ts'
import { assertFails } from '../operations/support.ts'
import { ACCOUNT, createHarness, REGION } from '../support/harness.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { createSoftHsm, softHsmLibrary, softHsmMissing } from '../support/softhsm.ts'
import { createHsmHarness, type HsmHarness } from './support.ts'

const skip = softHsmMissing || (process.platform !== 'linux' && 'processes are found as Linux lists them')
const Plaintext = Buffer.from('hello')

describe('a store whose HSM fails', { skip }, () => {
  let hsm: HsmHarness
  let store: string
  let KeyId: string

  before(async () => {
    hsm = await createHsmHarness()
    store = await hsm.connectedStore()
    KeyId = (await hsm.createKey(store)).KeyId
  })
  after(() => hsm.close())

  const stored = async () => {
    const found = await hsm.harness.store.findKeyStore({ account: ACCOUNT, region: REGION, storeId: store })
    return found as CloudHsmKeyStore
  }
  const secrets = () => hsm.harness.service.keyStores.secrets
  const state = async () => (await hsm.describe(store)).ConnectionState

  test('a token that is gone makes calls fail one by one; the store stays CONNECTED, and works again with the token', async () => {
    const tokens = join(dirname(hsm.hsm.cluster.environment.SOFTHSM2_CONF!), 'tokens')
    renameSync(tokens, `${tokens}-away`)
    const text = `CloudHSM cluster ${hsm.hsm.clusterId} of custom key store ${store} cannot be reached.`
    try {
      // A process that has the library loaded may not notice; a new one does.
      await killModules()
      await assertFails(hsm.call('Encrypt', { KeyId, Plaintext }), 'KMSInvalidStateException', text)
      assert.equal(await state(), 'CONNECTED')
      assert.equal((await hsm.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'Enabled')
      const invalid = 'CustomKeyStoreInvalidStateException'
      await assertFails(hsm.createKey(store), invalid, text)
      const request = { NumberOfBytes: 16, CustomKeyStoreId: store }
      await assertFails(hsm.call('GenerateRandom', request), invalid, text)
      const making = hsm.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
      await assertFails(making, 'KMSInvalidStateException', text)
    } finally {
      renameSync(`${tokens}-away`, tokens)
    }
    await eventually(() => hsm.call('Encrypt', { KeyId, Plaintext }))
  })

  test('a library that crashes takes no call with it but those that are under way', async () => {
    await hsm.call('Encrypt', { KeyId, Plaintext })
    const [pid] = modulePids()
    process.kill(pid!, 'SIGSTOP')
    const waiting = hsm.call('Encrypt', { KeyId, Plaintext })
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.kill(pid!, 'SIGKILL')
    await assert.rejects(waiting, { code: 'KMSInternalException' })
    await hsm.call('Encrypt', { KeyId, Plaintext })
    assert.equal(await state(), 'CONNECTED')
  })

  test('a library that ended before anybody noticed costs no call', async () => {
    await hsm.call('Encrypt', { KeyId, Plaintext })
    for (let round = 0; round < 5; round++) {
      for (const pid of modulePids()) {
        process.kill(pid, 'SIGKILL')
        // Nothing of this process runs meanwhile, so its end is there to be noticed by the call alone.
        while (!isGone(pid)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      }
      await hsm.call('Encrypt', { KeyId, Plaintext })
    }
  })

  test('a store whose HSM is back serves the next call, without one that would have to find out', async () => {
    const tokens = join(dirname(hsm.hsm.cluster.environment.SOFTHSM2_CONF!), 'tokens')
    renameSync(tokens, `${tokens}-away`)
    await killModules()
    const startedAt = performance.now()
    await assert.rejects(hsm.call('Encrypt', { KeyId, Plaintext }), { code: 'KMSInvalidStateException' })
    assert.deepEqual(modulePids(), [])
    // Nobody waits for an attempt that is not his.
    const askedAt = performance.now()
    await assert.rejects(hsm.call('Encrypt', { KeyId, Plaintext }), { code: 'KMSInvalidStateException' })
    assert.ok(performance.now() - askedAt < 100)
    renameSync(`${tokens}-away`, tokens)
    while (modulePids().length === 0 && performance.now() - startedAt < 10_000) await pause(20)
    assert.equal(modulePids().length, 1, 'it is tried without a call')
    // The process logs in.
    await pause(2_000)
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  test('a token that is missing for a moment, as SoftHSM2 shows one that another process logs in to, is looked for again', async () => {
    await hsm.disconnect(store)
    const tokens = join(dirname(hsm.hsm.cluster.environment.SOFTHSM2_CONF!), 'tokens')
    const [token] = readdirSync(tokens)
    renameSync(join(tokens, token!), `${tokens}-away`)
    const connected = hsm.connect(store)
    while (modulePids().length === 0) await pause(1)
    const [first] = modulePids()
    while (modulePids().includes(first!)) await pause(1)
    renameSync(`${tokens}-away`, join(tokens, token!))
    assert.equal((await connected).ConnectionState, 'CONNECTED')
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  test('a disconnected store is not tried in the background', async () => {
    const tokens = join(dirname(hsm.hsm.cluster.environment.SOFTHSM2_CONF!), 'tokens')
    renameSync(tokens, `${tokens}-away`)
    await killModules()
    await assert.rejects(hsm.call('Encrypt', { KeyId, Plaintext }), { code: 'KMSInvalidStateException' })
    renameSync(`${tokens}-away`, tokens)
    await hsm.disconnect(store)
    await pause(1_500)
    assert.deepEqual(modulePids(), [])
    assert.equal((await hsm.connect(store)).ConnectionState, 'CONNECTED')
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  // keystores.md KS-5, OP-3.
  test('calls that are under way while the store is disconnected are told so, and none logs in again', async () => {
    const calls = Array.from({ length: 100 }, () => hsm.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }))
    const outcomes = Promise.allSettled(calls)
    await calls[0]
    await hsm.disconnect(store)
    const reasons = (await outcomes).flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.ok(reasons.length > 0)
    assert.deepEqual(new Set(reasons.map(({ code }) => code)), new Set(['KMSInvalidStateException']))
    assert.ok(reasons.some(({ text }) => text === `Custom key store ${store} is disconnected.`))
    assert.deepEqual(modulePids(), [])
    await hsm.connect(store)
  })

  test('many calls that find the library gone share one new process', async () => {
    await killModules()
    await Promise.all(Array.from({ length: 20 }, () => hsm.call('Encrypt', { KeyId, Plaintext })))
    assert.equal(modulePids().length, 1)
  })

  test('a library that hangs is killed when its time is over, and the next call has a new one', async () => {
    await hsm.call('Encrypt', { KeyId, Plaintext })
    const [pid] = modulePids()
    process.kill(pid!, 'SIGSTOP')
    const startedAt = performance.now()
    await assert.rejects(hsm.call('Encrypt', { KeyId, Plaintext }), { code: 'KMSInvalidStateException' })
    assert.ok(performance.now() - startedAt >= 1_900)
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  test('a password that was changed behind us is found out at the next login, and tried no second time', async () => {
    hsm.hsm.resetPin('changed-by-others')
    await killModules()
    const text = `CloudHSM cluster ${hsm.hsm.clusterId} of custom key store ${store} cannot be reached.`
    for (let attempt = 0; attempt < 3; attempt++) {
      await assertFails(hsm.call('Encrypt', { KeyId, Plaintext }), 'KMSInvalidStateException', text)
    }
    assert.equal(await state(), 'CONNECTED')
    await hsm.disconnect(store)
    assert.equal((await hsm.connect(store)).ConnectionErrorCode, 'INVALID_CREDENTIALS')
    await hsm.disconnect(store)
    await hsm.call('UpdateCustomKeyStore', { CustomKeyStoreId: store, KeyStorePassword: 'changed-by-others' })
    assert.equal((await hsm.connect(store)).ConnectionState, 'CONNECTED')
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  test('a rotation of the password that was interrupted is completed by the next connection (HU-4)', async () => {
    await hsm.disconnect(store)
    const before = await stored()
    const present = (await secrets().open(before)).toString()
    // The token has the new one already, the store only what was about to be.
    hsm.hsm.resetPin('the-pending-password')
    const pendingSecret = await secrets().seal(before, before.type, 'the-pending-password')
    await hsm.harness.store.change((change) => change.updateKeyStore({ ...before, pendingSecret }))
    assert.equal((await hsm.connect(store)).ConnectionState, 'CONNECTED')
    const after = await stored()
    assert.equal(after.pendingSecret, undefined)
    const password = (await secrets().open(after)).toString()
    assert.match(password, /^[A-Za-z0-9]{32}$/)
    assert.ok(password !== present && hsm.hsm.accepts(password))
  })

  test('after a restart the stores that were connected are connected again, and are Unavailable until then (CS-12)', async () => {
    await hsm.harness.service.keyStoreConnector.look()
    const disconnected = await hsm.harness.store.change(async (change) => {
      const found = (await change.findKeyStore(await stored()))!
      return found
    })
    assert.equal(disconnected.connectionState, 'CONNECTED')
    await reconnectKeyStores(hsm.harness.store)
    assert.equal((await hsm.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'Unavailable')
    await hsm.harness.service.keyStoreConnector.look()
    assert.equal(await state(), 'CONNECTED')
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  test('keys that CreateKey left behind in the HSM are destroyed, and no others (HK-3)', async () => {
    const label = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000'
    const left = 'ab'.repeat(32)
    const foreign = 'cd'.repeat(32)
    const login = ['--login', '--pin', (await secrets().open(await stored())).toString()]
    for (const [id, name] of [
      [left, label],
      [foreign, 'somebody else’s'],
    ] as const) {
      hsm.hsm.tool(...login, '--keygen', '--key-type', 'AES:32', '--id', id, '--label', name)
    }
    const name = { account: ACCOUNT, region: REGION, storeId: store, keyId: label.slice(-36) }
    const createdAt = hsm.harness.clock.now()
    await hsm.harness.store.change(async (change) => {
      for (const materialId of [left, foreign])
        await change.insertUnfinishedStoreKey({ ...name, materialId, createdAt })
    })
    await hsm.harness.service.jobs.runAll()
    assert.ok(hsm.hsm.tool(...login, '--list-objects').includes(left), 'not before ten minutes')
    await hsm.harness.clock.advance(11 * 60_000)
    await hsm.harness.service.jobs.runAll()
    const objects = hsm.hsm.tool(...login, '--list-objects')
    assert.ok(!objects.includes(left))
    assert.ok(objects.includes(foreign))
    assert.deepEqual(await hsm.harness.store.unfinishedStoreKeys(hsm.harness.clock.now(), 10), [])
    // A key that came to be is none of them.
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  function modulePids(): number[] {
    return childPids().filter((pid) => commandOf(pid).includes('module-process'))
  }

  /** Resolves when this process knows: until then a call may still be sent to a library that is gone. */
  async function killModules(): Promise<void> {
    const killed = new Set(modulePids())
    for (const pid of killed) process.kill(pid, 'SIGKILL')
    do await new Promise((resolve) => setTimeout(resolve, 20))
    while (childPids().some((pid) => killed.has(pid)))
  }
})

describe('a token that is pulled out under a process that goes on', { skip: skip || withoutCompiler() }, () => {
  let folder: ReturnType<typeof temporaryFolder>
  let unplugged: string
  let hsm: HsmHarness
  let KeyId: string

  before(async () => {
    folder = temporaryFolder('unpluggable')
    unplugged = join(folder.path, 'unplugged')
    const module = join(folder.path, 'unpluggable.so')
    const paths = [`-DLIBRARY="${softHsmLibrary}"`, `-DUNPLUGGED="${unplugged}"`]
    const source = join(import.meta.dirname, 'unpluggable.c')
    const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', ...paths, '-o', module, source, '-ldl'])
    assert.equal(status, 0, String(stderr))
    hsm = await createHsmHarness({ cluster: { module } })
    KeyId = (await hsm.createKey(await hsm.connectedStore())).KeyId
  })
  after(async () => {
    await hsm.close()
    folder.remove()
  })

  test('makes calls fail, and works again by itself when it is back (keystores.md 2.7)', async () => {
    await hsm.call('Encrypt', { KeyId, Plaintext })
    writeFileSync(unplugged, '')
    for (let call = 0; call < 3; call++) {
      await assert.rejects(hsm.call('Encrypt', { KeyId, Plaintext }), { code: 'KMSInvalidStateException' })
    }
    const { CustomKeyStores } = await hsm.call('DescribeCustomKeyStores')
    assert.equal(CustomKeyStores[0].ConnectionState, 'CONNECTED')
    rmSync(unplugged)
    // The first pause is a second; the login takes a moment.
    await pause(3_000)
    await hsm.call('Encrypt', { KeyId, Plaintext })
  })

  test('calls that are under way in the meantime are told the same', async () => {
    writeFileSync(unplugged, '')
    const calls = Array.from({ length: 30 }, () => hsm.call('Encrypt', { KeyId, Plaintext }))
    for (const result of await Promise.allSettled(calls)) {
      assert.equal(result.status === 'rejected' && result.reason.code, 'KMSInvalidStateException')
    }
    rmSync(unplugged)
    await eventually(() => hsm.call('Encrypt', { KeyId, Plaintext }))
  })
})

function withoutCompiler(): string | false {
  return spawnSync('cc', ['--version']).error === undefined ? false : 'there is no C compiler here'
}

describe('what connecting finds out', { skip }, () => {
  test('a label that two tokens have names no cluster', async () => {
    const hsm = await createHsmHarness({ cluster: { tokens: [{ label: 'keyhold' }] } })
    try {
      const store = await hsm.createStore()
      hsm.hsm.addNamesake()
      const connecting = hsm.call('ConnectCustomKeyStore', { CustomKeyStoreId: store })
      await assert.rejects(connecting, { code: 'CloudHsmClusterInvalidConfigurationException' })
    } finally {
      await hsm.close()
    }
  })

  test('a token that is not there makes no store', async () => {
    const hsm = await createHsmHarness({ cluster: { tokens: [{ label: 'no such token' }] } })
    try {
      const text = `CloudHSM cluster ${hsm.hsm.clusterId} has no initialized HSM.`
      await assertFails(hsm.createStore(), 'CloudHsmClusterNotActiveException', text)
    } finally {
      await hsm.close()
    }
  })

  test('too few tokens make no store', async () => {
    const hsm = await createHsmHarness({ cluster: { minCreate: 2 } })
    try {
      const text = `CloudHSM cluster ${hsm.hsm.clusterId} has 1 active HSMs; at least 2 are needed.`
      await assertFails(hsm.createStore(), 'CloudHsmClusterInvalidConfigurationException', text)
    } finally {
      await hsm.close()
    }
  })

  test('a library that is not there is said to callers without its path', async () => {
    const hsm = await createHsmHarness({ cluster: { module: '/nonexistent/secret-vendor.so' } })
    try {
      const text = `The HSMs of CloudHSM cluster ${hsm.hsm.clusterId} cannot be reached.`
      await assertFails(hsm.createStore(), 'CloudHsmClusterInvalidConfigurationException', text)
    } finally {
      await hsm.close()
    }
  })

  test('a cluster with the same certificate is related: it excludes the other, and can take its place', async () => {
    const one = createSoftHsm({ clusterId: 'cluster-aaaaaaaaaaa' })
    const two = createSoftHsm({ clusterId: 'cluster-bbbbbbbbbbb' })
    const related = { ...two.cluster, trustAnchorDigest: one.cluster.trustAnchorDigest }
    const stranger = { ...two.cluster, clusterId: 'cluster-ccccccccccc' }
    const harness = await createHarness({ hsmClusters: [one.cluster, related, stranger] })
    try {
      const request = { TrustAnchorCertificate: one.certificate, KeyStorePassword: one.pin }
      const first = { ...request, CustomKeyStoreName: 'first', CloudHsmClusterId: one.clusterId }
      const { CustomKeyStoreId } = await harness.call('CreateCustomKeyStore', first)
      const second = { ...request, CustomKeyStoreName: 'second', CloudHsmClusterId: two.clusterId }
      await assert.rejects(harness.call('CreateCustomKeyStore', second), { code: 'CloudHsmClusterInUseException' })
      const update = (CloudHsmClusterId: string) =>
        harness.call('UpdateCustomKeyStore', { CustomKeyStoreId, CloudHsmClusterId })
      await assert.rejects(update('cluster-ccccccccccc'), { code: 'CloudHsmClusterNotRelatedException' })
      await assert.rejects(update('cluster-zzzzzzzzzzz'), { code: 'CloudHsmClusterNotFoundException' })
      assert.deepEqual(await update(two.clusterId), {})
      const { CustomKeyStores } = await harness.call('DescribeCustomKeyStores')
      assert.equal(CustomKeyStores[0].CloudHsmClusterId, two.clusterId)
    } finally {
      await harness.close()
      one.close()
      two.close()
    }
  })
})

/** Reconnecting waits a little after a failure. */
async function eventually(work: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + 10_000
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (performance.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** Processes that this one has started, and which of them have a PKCS #11 library; from Linux's own list. */
function childPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === process.pid)
}

function parentOf(pid: number): number | undefined {
  try {
    // The name of the program, in brackets, may have anything in it.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(parent)
  } catch {
    return undefined
  }
}

/** It has ended with all its threads, and its parent has not asked how. */
function isGone(pid: number): boolean {
  const [state] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return state === 'Z' && readdirSync(`/proc/${pid}/task`).length === 1
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
}
