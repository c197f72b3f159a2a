/** A key in an HSM as root key (design.md section 4), with SoftHSM2, and as OpenSC's pkcs11-tool sees it. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { createMovableClock } from '../../src/base/movable-clock.ts'
import { rootKeyHsm } from '../../src/hsm/root-key-hsm.ts'
import { changeRootKey } from '../../src/start/change-root-key.ts'
import { openDurableNode } from '../../src/start/node.ts'
import { refuseReplacedPins } from '../../src/start/pkcs11-root-key.ts'
import type { HsmKeyChoice, RootKeyChoice } from '../../src/start/root-key-choice.ts'
import { rootKeyFiles } from '../../src/start/root-key-files.ts'
import { childrenOf } from '../support/keyhold-process.ts'
import { newFolder, open, start, use } from '../support/root-key-folder.ts'
import { createSoftHsm, type SoftHsm, softHsmLibrary, softHsmMissing } from '../support/softhsm.ts'

const DAY_MS = 86_400_000

describe('a root key in an HSM', { skip: softHsmMissing }, () => {
  let hsm: SoftHsm
  let tokens: string

  before(() => {
    hsm = createSoftHsm()
    process.env.SOFTHSM2_CONF = hsm.cluster.environment.SOFTHSM2_CONF!
    tokens = join(dirname(process.env.SOFTHSM2_CONF), 'tokens')
  })
  after(() => hsm.close())

  const keyOf = (keyLabel: string | undefined, overrides: Partial<HsmKeyChoice> = {}): HsmKeyChoice => ({
    module: softHsmLibrary,
    tokens: hsm.cluster.tokens,
    keyLabel,
    pinFile: undefined,
    pin: hsm.pin,
    ...overrides,
  })
  const choiceOf = (...args: Parameters<typeof keyOf>): RootKeyChoice => ({
    provider: 'pkcs11',
    passphrase: undefined,
    hsm: keyOf(...args),
  })
  /** As a later start has it: the folder knows the rest. */
  const withPin = (pin: string | undefined = hsm.pin, overrides: Partial<HsmKeyChoice> = {}): RootKeyChoice => ({
    provider: undefined,
    passphrase: undefined,
    hsm: { module: undefined, tokens: undefined, keyLabel: undefined, pinFile: undefined, pin, ...overrides },
  })

  async function withoutTokens<T>(work: () => Promise<T>): Promise<T> {
    renameSync(tokens, `${tokens}-away`)
    mkdirSync(tokens)
    try {
      return await work()
    } finally {
      rmdirSync(tokens)
      renameSync(`${tokens}-away`, tokens)
    }
  }

  test('is made by the first start, and never leaves: so a PKCS #11 tool says', async (context) => {
    const folder = newFolder(context)
    await start(folder, choiceOf('first'))
    const { keyId } = JSON.parse(readFileSync(folder.rootKeyParameters, 'utf8'))
    const shown = hsm.tool('--login', '--pin', hsm.pin, '--list-objects', '--type', 'secrkey', '--id', keyId)
    assert.match(shown, /AES length 32/)
    assert.match(shown, /label: +first/)
    assert.match(shown, /Access: +sensitive, always sensitive, never extractable, local/)
    assert.match(shown, /Usage: +encrypt, decrypt$/m)
    await use(folder, withPin())
    await use(folder, choiceOf('first'))
    assert.ok(!readFileSync(folder.rootKeyParameters, 'utf8').includes(hsm.pin))
    await assert.rejects(start(folder, choiceOf('other')), /--root-key-label other: the data folder is under first/)
    await assert.rejects(start(folder, { ...withPin(), provider: 'file' }), /was made with --root-key pkcs11, not file/)
  })

  test('wraps as docs/formats/key-token.md has it, for this installation and this domain key alone', async (context) => {
    const folders = [newFolder(context), newFolder(context)]
    for (const folder of folders) await start(folder, choiceOf('shared'))
    const [node, neighbour] = await Promise.all(folders.map((folder) => open(folder, withPin())))
    assert.notEqual(node!.rootKey.id, neighbour!.rootKey.id)
    const aad = Buffer.from('aad')
    const wrapped = await node!.rootKey.wrap(Buffer.from('secret'), aad)
    await assert.rejects(node!.rootKey.unwrap(wrapped, Buffer.from('other')), /is not the one that this store is under/)
    await assert.rejects(neighbour!.rootKey.unwrap(wrapped, aad), /is not the one that this store is under/)
    const { keyId, installation } = JSON.parse(readFileSync(folders[0]!.rootKeyParameters, 'utf8'))
    assert.equal(wrapped[0], 3)
    const authenticated = Buffer.concat([field('kms:root-key-wrap:pkcs11:v1'), field(installation), aad])
    const opened = decryptInToken(hsm, keyId, wrapped.subarray(1, 13), authenticated, wrapped.subarray(13))
    assert.equal(String(opened), 'secret')
    for (const each of [node, neighbour]) await each!.close()
  })

  test('is one that was there, if the HSM made it and keeps it; any other is refused', async (context) => {
    const folder = newFolder(context)
    const login = ['--login', '--pin', hsm.pin]
    const made = (label: string, type: string, ...more: string[]) =>
      hsm.tool(...login, '--keygen', '--key-type', type, '--label', label, ...more)
    made('readable', 'aes:32', '--id', '01', '--extractable')
    made('short', 'aes:16', '--id', '02', '--sensitive')
    for (const id of ['03', '04']) made('twice', 'aes:32', '--id', id, '--sensitive')
    made('nameless', 'aes:32', '--sensitive')
    made('ready', 'aes:32', '--id', '05', '--sensitive')
    const secret = join(dirname(tokens), 'secret')
    writeFileSync(secret, Buffer.alloc(32, 7))
    hsm.tool(...login, '--write-object', secret, '--type', 'secrkey', '--key-type', 'AES:32', '--label', 'known')
    for (const [label, fault] of [
      ['readable', /did not make it as sensitive and not extractable/],
      ['known', /did not make it as sensitive and not extractable/],
      ['short', /no AES key of 256 bits/],
      ['twice', /several keys of this label/],
      ['nameless', /no CKA_ID/],
    ] as const) {
      await assert.rejects(start(folder, choiceOf(label)), fault)
    }
    await start(folder, choiceOf('ready'))
    assert.equal(JSON.parse(readFileSync(folder.rootKeyParameters, 'utf8')).keyId, '05')
    await use(folder, withPin())
  })

  test('what is missing is said: token, key, PIN, library', async (context) => {
    const folder = newFolder(context)
    const say = (overrides: Partial<HsmKeyChoice>, text: RegExp) =>
      assert.rejects(start(newFolder(context), choiceOf('said', overrides)), text)
    await say({ module: undefined }, /needs the PKCS #11 library/)
    await say({ tokens: undefined }, /needs the token/)
    await say({ pin: undefined }, /needs the PIN/)
    await say({ module: '/nowhere.so' }, /cannot load the PKCS #11 library \/nowhere\.so/)
    await say({ tokens: [{ label: 'nowhere' }] }, /there is no token 'nowhere'/)
    await say({ pin: 'wrong-pin' }, /refuses the PIN .*CKR_PIN_INCORRECT/)
    const file = { provider: 'file', passphrase: undefined, hsm: keyOf('said') } as const
    await assert.rejects(start(newFolder(context), file), /there is --root-key-module, but the root key is of the kind/)
    await start(folder, choiceOf('said'))
    await withoutTokens(() => assert.rejects(use(folder, withPin()), /there is no token serial=/))
    await use(folder, withPin(hsm.pin, { tokens: [{ label: 'keyhold' }] }))
    hsm.tool('--login', '--pin', hsm.pin, '--delete-object', '--type', 'secrkey', '--label', 'said')
    await assert.rejects(start(folder, withPin()), /the key is not there; bring it back from a backup of the HSM/)
    // Another key in its place is found out, and a further one.
    const { keyId } = JSON.parse(readFileSync(folder.rootKeyParameters, 'utf8'))
    const make = () =>
      hsm.tool('--login', '--pin', hsm.pin, '--keygen', '--key-type', 'aes:32', '--label', 'said', '--id', keyId)
    make()
    await assert.rejects(use(folder, withPin()), /it is not the one that this store is under/)
    make()
    await assert.rejects(start(folder, withPin()), /several keys have its CKA_ID; leave one of them/)
  })

  test('a PIN that was wrong is not tried a second time, and a new one is taken from its file', async () => {
    let pin = 'wrong-pin'
    const place = { module: softHsmLibrary, tokens: hsm.cluster.tokens, keyLabel: 'first' }
    const opened = rootKeyHsm(place, () => pin)
    await assert.rejects(opened.keysLabelled(), /CKR_PIN_INCORRECT/)
    for (let attempt = 0; attempt < 3; attempt++) {
      await assert.rejects(opened.keysLabelled(), /it was wrong before, and is not tried again/)
    }
    pin = hsm.pin
    assert.equal((await opened.keysLabelled()).length, 1)
  })

  test('from a file to a key in an HSM, to another key, to a passphrase', async (context) => {
    const folder = newFolder(context)
    const file = { provider: undefined, passphrase: undefined }
    await start(folder, file)
    const passphrase = 'correct horse battery staple'
    for (const [from, to] of [
      [file, { provider: 'pkcs11', hsm: keyOf('one') }],
      [withPin(), { provider: 'pkcs11', hsm: keyOf('two') }],
      [withPin(), { provider: 'passphrase', passphrase }],
      [
        { ...file, passphrase },
        { provider: 'pkcs11', hsm: keyOf('one') },
      ],
    ] as const) {
      const node = await open(folder, from)
      const { id, file } = await changeRootKey(node, folder, to)
      await node.close()
      assert.equal(file.path, join(folder.path, `root-key-${id}.json`))
    }
    await use(folder, withPin())
    const node = await open(folder, withPin())
    const wrong = { provider: 'pkcs11', hsm: keyOf('one', { pin: 'wrong-pin' }) } as const
    await assert.rejects(changeRootKey(node, folder, wrong), /refuses the PIN/)
    await node.close()
    await use(folder, withPin())
  })

  const onLinux = process.platform !== 'linux' && 'processes are found as Linux lists them'

  test('an HSM that goes away while a server runs costs no call, and its return is noticed', {
    skip: onLinux,
  }, async (context) => {
    const folder = newFolder(context)
    await start(folder, choiceOf('running'))
    const movableClock = createMovableClock()
    const options = { node: 'worker-1', authentication: 'development', log: silentLog, movableClock } as const
    const { service, store } = await openDurableNode(folder.path, withPin(), options)
    await service.domainKeys.loadAll()
    const seal = () => service.domainKeys.seal(['purpose'], Buffer.from('secret'))
    const count = async () => (await store.listDomainKeys()).length
    const before = await count()
    const sealed = await seal()
    movableClock.advance(1.5 * DAY_MS)
    await withoutTokens(async () => {
      // As when its machine is gone: the process of the library has ended.
      await endModules()
      assert.equal(String(await service.domainKeys.open(['purpose'], await seal())), 'secret')
      assert.equal(await count(), before, 'no new domain key without the root key')
    })
    movableClock.advance(2 * 60_000)
    assert.equal(String(await service.domainKeys.open(['purpose'], await seal())), 'secret')
    assert.equal(await count(), before + 1, 'a new domain key with it')
    assert.equal(String(await service.domainKeys.open(['purpose'], sealed)), 'secret')
    await service.stop()
  })

  /** keystores.md HU-3. A server that runs on under another root key asks every minute, and whenever something changes. */
  test('a running server whose PIN is wrong gives it once to a root key that the store was changed to', async (context) => {
    const folder = newFolder(context)
    const file = { provider: undefined, passphrase: undefined }
    await start(folder, file)
    const movableClock = createMovableClock()
    const options = { node: 'worker-1', authentication: 'development', log: silentLog, movableClock } as const
    // A passphrase that was left in its variable is no reason to try the PIN twice.
    const wrong = { ...withPin('stale-pin'), passphrase: 'correct horse battery staple' }
    const { service } = await openDurableNode(folder.path, wrong, options)
    const seal = () => service.domainKeys.seal(['purpose'], Buffer.from('secret'))
    await seal()
    const node = await open(folder, file)
    await changeRootKey(node, folder, { provider: 'pkcs11', hsm: keyOf('changed to') })
    await node.close()
    await assert.rejects(service.domainKeys.loadAll(), /refuses the PIN .*CKR_PIN_INCORRECT/)
    await assert.rejects(service.domainKeys.loadAll(), /it was wrong before, and is not tried again/)
    movableClock.advance(1.5 * DAY_MS)
    await seal()
    await assert.rejects(service.domainKeys.loadAll(), /it was wrong before, and is not tried again/)
    await service.stop()
  })

  test('nothing is sealed under another key that has the id of the root key: the right one could never open it', async (context) => {
    const folder = newFolder(context)
    await start(folder, choiceOf('swapped'))
    const movableClock = createMovableClock()
    const options = { node: 'worker-1', authentication: 'development', log: silentLog, movableClock } as const
    const { service, store } = await openDurableNode(folder.path, withPin(), options)
    const seal = () => service.domainKeys.seal(['purpose'], Buffer.from('secret'))
    await seal()
    const before = await store.listDomainKeys()
    const { keyId } = JSON.parse(readFileSync(folder.rootKeyParameters, 'utf8'))
    const login = ['--login', '--pin', hsm.pin]
    hsm.tool(...login, '--delete-object', '--type', 'secrkey', '--label', 'swapped')
    hsm.tool(...login, '--keygen', '--key-type', 'aes:32', '--label', 'swapped', '--id', keyId)
    await endModules()
    movableClock.advance(1.5 * DAY_MS)
    await seal()
    await assert.rejects(service.domainKeys.grantTokenKey(), /is not the one that this store is under/)
    assert.deepEqual(await store.listDomainKeys(), before)
    await service.stop()
  })

  test('a custom key store that would replace the PIN of the same token is refused', async (context) => {
    const folder = newFolder(context)
    await start(folder, choiceOf('kept'))
    const files = rootKeyFiles(folder)
    const refused = /would replace the PIN of the token that has the root key/
    await assert.rejects(refuseReplacedPins(files, undefined, [hsm.cluster]), refused)
    await refuseReplacedPins(files, undefined, [{ ...hsm.cluster, rotatePin: false }])
    await refuseReplacedPins(files, undefined, [{ ...hsm.cluster, tokens: [{ serial: 'another' }] }])
    await refuseReplacedPins(files, undefined, [{ ...hsm.cluster, module: '/nowhere.so' }])
    // By its label here, and by its serial number there.
    const labelled = [{ label: 'keyhold' }]
    await assert.rejects(refuseReplacedPins(files, undefined, [{ ...hsm.cluster, tokens: labelled }]), refused)
    // Where it is now, by the settings.
    const elsewhere = keyOf(undefined, { module: '/nowhere.so', tokens: labelled })
    await refuseReplacedPins(files, elsewhere, [hsm.cluster])
    await assert.rejects(
      refuseReplacedPins(files, elsewhere, [{ ...hsm.cluster, module: '/nowhere.so', tokens: labelled }]),
      refused,
    )
  })
})

async function endModules(): Promise<void> {
  const ended = childrenOf(process.pid)
  for (const pid of ended) process.kill(pid, 'SIGKILL')
  while (childrenOf(process.pid).some((pid) => ended.includes(pid))) await new Promise((wait) => setTimeout(wait, 20))
}

/** `u16be(length) ‖ text` */
function field(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function decryptInToken({ serial, pin }: SoftHsm, keyId: string, iv: Buffer, aad: Buffer, data: Buffer): Buffer {
  // Optional: without it these tests are skipped.
  const pkcs11js: typeof import('pkcs11js') = createRequire(import.meta.url)('pkcs11js')
  const module = new pkcs11js.PKCS11()
  module.load(softHsmLibrary)
  module.C_Initialize()
  try {
    const slot = module.C_GetSlotList(true).find((slot) => module.C_GetTokenInfo(slot).serialNumber.trim() === serial)!
    const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION)
    module.C_Login(session, pkcs11js.CKU_USER, pin)
    module.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_ID, value: Buffer.from(keyId, 'hex') }])
    const [key] = module.C_FindObjects(session, 1)
    module.C_FindObjectsFinal(session)
    const parameter = { type: pkcs11js.CK_PARAMS_AES_GCM_v240, iv, ivBits: 96, aad, tagBits: 128 }
    module.C_DecryptInit(session, { mechanism: pkcs11js.CKM_AES_GCM, parameter }, key!)
    return module.C_Decrypt(session, data, Buffer.alloc(data.length))
  } finally {
    module.C_Finalize()
  }
}
