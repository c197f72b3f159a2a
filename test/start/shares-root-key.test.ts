/** A root key in shares (design.md section 4): given out, given back, and found out where they are wrong. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { sharesWhenNeeded } from '../../src/cli/ask-shares.ts'
import { type Handing, handingOf } from '../../src/cli/hand-out-shares.ts'
import { rootKeySplit } from '../../src/cli/root-key-split.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { unseal } from '../../src/cli/unseal.ts'
import { makeSharedRootKey } from '../../src/crypto/root-key/root-key-shares.ts'
import { changeRootKey } from '../../src/start/change-root-key.ts'
import { type DataFolder, dataFolder } from '../../src/start/data-folder.ts'
import { openOperatorNode } from '../../src/start/operator-node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import type { RootKeyChoice } from '../../src/start/root-key-choice.ts'
import { createSealedStart } from '../../src/start/sealed-start.ts'
import { giveShare, listenForShares } from '../../src/start/unseal-socket.ts'
import { createUnsealer } from '../../src/start/unsealer.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const ACCOUNT = '111122223333'
const AS_IT_IS: RootKeyChoice = { provider: undefined, passphrase: undefined }

interface Typing extends Terminal {
  readonly printed: string[]
  readonly told: string[]
}

/** Types these lines when it is asked, or what they make of what was printed; then its input ends. */
function typing(...lines: (string | ((printed: readonly string[]) => string))[]): Typing {
  const [printed, told]: string[][] = [[], []]
  return {
    ...{ env: {}, folder: '/', hasPerson: true, printed: printed!, told: told! },
    print(text) {
      printed!.push(text)
      return undefined
    },
    tell: (text) => void told!.push(text),
    async readSecret() {
      const line = lines.shift()
      return typeof line === 'function' ? line(printed!) : line
    },
  }
}

const printedAt = (index: number) => (printed: readonly string[]) => printed[index]!
const three = { shares: 3, threshold: 2, 'shares-to': undefined }

async function start(folder: DataFolder, choice = AS_IT_IS): Promise<void> {
  const what = { ...choice, folder, account: ACCOUNT, region: 'us-east-1', mode: 'server', log: silentLog } as const
  const { lock } = await prepareDataFolder(what)
  lock.release()
}

function newFolder(context: TestContext): DataFolder {
  const { path, remove } = temporaryFolder('shares')
  context.after(remove)
  return dataFolder(join(path, 'data'))
}

const open = (folder: DataFolder, choice = AS_IT_IS) =>
  openOperatorNode({ ...choice, folder, externalAccounts: 'reject', log: silentLog })

async function use(folder: DataFolder, terminal: Terminal): Promise<void> {
  const node = await open(folder, { ...AS_IT_IS, openShares: sharesWhenNeeded(terminal) })
  try {
    await node.newServiceAccessKey('some.service')
  } finally {
    await node.close()
  }
}

async function change(folder: DataFolder, to: Handing, choice = AS_IT_IS) {
  const node = await open(folder, choice)
  try {
    return await changeRootKey(node, folder, { provider: 'shares', ...to })
  } finally {
    await node.close()
  }
}

test('from a file to shares, to other shares, and back to a file', async (context) => {
  const folder = newFolder(context)
  await start(folder)
  const first = typing(printedAt(2), printedAt(0))
  const { id, file } = await change(folder, handingOf(three, first))
  assert.equal(first.printed.length, 3)
  assert.deepEqual(JSON.parse(readFileSync(file.path, 'utf8')), { provider: 'shares', id, shares: 3, threshold: 2 })
  await use(folder, typing(first.printed[1]!, '', first.printed[2]!))
  await assert.rejects(use(folder, typing(first.printed[1]!)), /2 open it, and 1 came by standard input/)
  await assert.rejects(start(folder), /the root key [0-9a-f]{32} is sealed/)
  await assert.rejects(start(folder, { ...AS_IT_IS, provider: 'file' }), /was made with --root-key shares, not file/)

  const second = typing(printedAt(0), printedAt(1))
  const old = { ...AS_IT_IS, openShares: sharesWhenNeeded(typing(first.printed[0]!, first.printed[1]!)) }
  await change(folder, handingOf(three, second), old)
  await assert.rejects(use(folder, typing(...first.printed)), /0 came by standard input/)
  const [a, b] = second.printed
  const node = await open(folder, { ...AS_IT_IS, openShares: sharesWhenNeeded(typing(b!, a!)) })
  await changeRootKey(node, folder, { provider: 'file' })
  await node.close()
  await start(folder)
})

test('shares that were not typed again, or not rightly, change nothing', async (context) => {
  const folder = newFolder(context)
  await start(folder)
  const stranger = (await makeSharedRootKey(3, 2)).shares
  for (const lines of [[], [printedAt(0)], [printedAt(0), printedAt(0)], [printedAt(0), stranger[0]!, 'typo']]) {
    const terminal = typing(...lines)
    await assert.rejects(change(folder, handingOf(three, terminal)), /2 open it, and [01] came by standard input/)
  }
  assert.deepEqual(
    readdirSync(folder.path).filter((name) => name.startsWith('root-key')),
    ['root-key'],
  )
  await start(folder)
})

test('to files: one for each share, for its owner alone; those of an earlier time are not written over', async (context) => {
  const folder = newFolder(context)
  await start(folder)
  const to = join(folder.path, 'for-people')
  const { id } = await change(folder, handingOf({ shares: 5, threshold: 3, 'shares-to': to }, typing()))
  const files = readdirSync(to)
  assert.deepEqual(
    files,
    [1, 2, 3, 4, 5].map((number) => `root-key-${id}-share-${number}`),
  )
  assert.equal(statSync(to).mode & 0o777, 0o700)
  for (const file of files) assert.equal(statSync(join(to, file)).mode & 0o777, 0o600)
  await use(folder, typing(...files.slice(2).map((file) => readFileSync(join(to, file), 'utf8'))))
})

/** docs/root-keys.md: "a command that is interrupted has lost nothing". */
test('a root key that was split counts until enough shares of another were typed again', async (context) => {
  const folder = newFolder(context)
  const split = (terminal: Terminal) =>
    rootKeySplit.run('root-key split', ['--data', folder.path, '--shares', '3', '--threshold', '2'], terminal)
  const first = typing(printedAt(0), printedAt(2))
  await split(first)
  const parameters = readFileSync(folder.rootKeyParameters, 'utf8')
  await assert.rejects(split(typing(printedAt(0))), /2 open it, and 1 came by standard input/)
  const rootKeys = () => readdirSync(folder.path).filter((name) => name.startsWith('root-key'))
  assert.deepEqual([rootKeys(), readFileSync(folder.rootKeyParameters, 'utf8')], [['root-key.json'], parameters])
  await split(typing(printedAt(1), printedAt(2)))
  assert.deepEqual(rootKeys(), ['root-key.json'])
  assert.notEqual(readFileSync(folder.rootKeyParameters, 'utf8'), parameters)
})

test('a first start that nobody gave shares for says how they are made', async (context) => {
  const folder = newFolder(context)
  await assert.rejects(start(folder, { ...AS_IT_IS, provider: 'shares' }), /is made before the first start/)
  assert.ok(!existsSync(folder.rootKeyParameters))
})

test('parameters of another root key, or that are cut, are refused before anybody is asked for a share', async (context) => {
  const folder = newFolder(context)
  await start(folder)
  const terminal = typing(printedAt(0), printedAt(1))
  const { file } = await change(folder, handingOf(three, terminal))
  const good = readFileSync(file.path, 'utf8')
  const openShares = () => assert.fail('nobody is to be asked')
  const write = (changed: object) => writeFileSync(file.path, JSON.stringify({ ...JSON.parse(good), ...changed }))
  write({ id: '0'.repeat(32) })
  await assert.rejects(start(folder, { ...AS_IT_IS, openShares }), /is not the root key that .*keyhold\.db is under/)
  for (const changed of [{ id: 'x' }, { threshold: 1 }, { threshold: 4 }, { shares: 256 }, { shares: 2.5 }]) {
    write(changed)
    await assert.rejects(start(folder, { ...AS_IT_IS, openShares }), /does not hold id and numbers of the shares/)
  }
})

test('numbers that make no sense are refused', () => {
  assert.throws(() => handingOf({ ...three, threshold: undefined }, typing()), /how many shares/)
  assert.throws(() => handingOf({ ...three, threshold: 4 }, typing()), /there are only 3 shares/)
})

/** A folder under shares, with its unsealer and the socket before it. */
async function sealedFolder(context: TestContext) {
  const folder = newFolder(context)
  await start(folder)
  const terminal = typing(printedAt(0), printedAt(1))
  const { id } = await change(folder, handingOf(three, terminal))
  const unsealer = createUnsealer(folder, silentLog)
  const socket = await listenForShares(folder, unsealer, silentLog)
  context.after(() => socket.close())
  context.after(() => unsealer.close())
  const parameters = { id, shares: 3, threshold: 2 }
  return { folder, unsealer, shares: terminal.printed, parameters }
}

test('a server is told by its socket, which its owner alone reaches', async (context) => {
  const { folder, unsealer, shares, parameters } = await sealedFolder(context)
  const { id } = parameters
  assert.equal(statSync(folder.unsealSocket).mode & 0o777, 0o600)
  assert.deepEqual(await giveShare(folder, undefined), {})
  const opened = unsealer.wait(parameters)
  const sealed = { rootKeyId: id, isSealed: true, given: 0, threshold: 2 }
  assert.deepEqual(await giveShare(folder, undefined), { state: sealed })
  assert.match((await giveShare(folder, 'typo')).refusal!, /no share, or it was mistyped/)
  const stranger = (await makeSharedRootKey(3, 2)).shares[0]!
  assert.match((await giveShare(folder, stranger)).refusal!, /which is not this server's/)
  assert.deepEqual(await giveShare(folder, shares[2]), { state: { ...sealed, given: 1 } })
  assert.match((await giveShare(folder, shares[2])).refusal!, /was given before/)
  assert.deepEqual(await giveShare(folder, shares[0]), { state: { ...sealed, isSealed: false } })
  assert.deepEqual(await giveShare(folder, shares[1]), { state: { ...sealed, isSealed: false } })
  assert.equal(await opened, unsealer.unsealed[id])
})

/** docs/root-keys.md: "from standard input, where several may stand in a line each". */
test('keyhold unseal takes one share of whoever types it, and all that come by a pipe, whoever watches', async (context) => {
  const { folder, unsealer, shares, parameters } = await sealedFolder(context)
  unsealer.wait(parameters)
  const give = async (isTyped: boolean, lines: readonly string[]) => {
    const terminal = { ...typing(...lines), isTyped }
    assert.equal(await unseal.run('unseal', ['--data', folder.path], terminal), 0)
    return terminal.printed.map((line) => line.replace(parameters.id, 'ID'))
  }
  const sealed = (given: number) => `the root key ID is sealed: ${given} of 2 shares were given`
  assert.deepEqual(await give(true, shares), [sealed(0), sealed(1)])
  assert.deepEqual(await give(false, shares.slice(1)), [sealed(1), 'the root key ID is open'])
})

/** docs/root-keys.md: "shares of another root key are refused". */
test('a sealed server refuses shares of the root key that it was under before; an open one takes those of another', async (context) => {
  const { folder, unsealer, shares, parameters } = await sealedFolder(context)
  const newer = typing(printedAt(0), printedAt(1))
  const old = { ...AS_IT_IS, openShares: sharesWhenNeeded(typing(...shares)) }
  const { id } = await change(folder, handingOf(three, newer), old)
  unsealer.wait({ ...parameters, id })
  for (const share of shares) {
    const { state, refusal } = await unsealer.take(share)
    assert.match(refusal!, new RegExp(`a share of the root key ${parameters.id}; the server waits for those of ${id}`))
    assert.deepEqual([state!.rootKeyId, state!.isSealed, state!.given], [id, true, 0])
  }
  for (const share of newer.printed.slice(0, 2)) await unsealer.take(share)
  assert.deepEqual(Object.keys(unsealer.unsealed), [id])
  assert.equal((await unsealer.take(shares[0])).state!.given, 1)
})

test('shares that do not fit together are all forgotten, and right ones open it afterwards', async (context) => {
  const { folder, unsealer, shares, parameters } = await sealedFolder(context)
  // As somebody would make it who knows the format: of this root key, with a checksum that is right.
  const forged = shareWithOtherValue(shares[1]!)
  await giveShare(folder, shares[0])
  const { state, refusal } = await giveShare(folder, forged)
  assert.match(refusal!, /do not fit together; all of them were forgotten/)
  assert.deepEqual([state!.isSealed, state!.given], [true, 0])
  assert.deepEqual(unsealer.unsealed, {})
  for (const share of [shares[0], shares[1]]) await giveShare(folder, share)
  assert.deepEqual(Object.keys(unsealer.unsealed), [parameters.id])
})

test('shares that are too few are forgotten after an hour', async (context) => {
  const { unsealer, shares } = await sealedFolder(context)
  context.mock.timers.enable({ apis: ['setTimeout'] })
  assert.equal((await unsealer.take(shares[0])).state!.given, 1)
  context.mock.timers.tick(60 * 60 * 1000)
  assert.equal((await unsealer.take(shares[1])).state!.given, 1)
})

test('what the socket is sent is bounded, and anything but a share is refused', async (context) => {
  const { folder } = await sealedFolder(context)
  const send = async (bytes: string) => {
    const socket = connect(folder.unsealSocket)
    socket.on('error', () => {})
    socket.write(bytes)
    return text(socket).catch(() => '')
  }
  for (const line of ['nonsense', '{"share":5}', 'null', '[]']) {
    assert.match(await send(`${line}\n`), /^\{\}\n$|"refusal":"expected a share"/)
  }
  assert.equal(await send('x'.repeat(100_000)), '')
  assert.match(await send('{"share":"x"}\n{"share":"y"}\n'), /^\{"refusal":"this is no share[^\n]*\n$/)
  const kept = Array.from({ length: 16 }, () => connect({ path: folder.unsealSocket, allowHalfOpen: true }))
  context.after(() => kept.forEach((socket) => void socket.destroy()))
  for (const socket of kept) {
    socket.on('error', () => {}).write('{}\n')
    await new Promise((resolve) => socket.resume().once('end', resolve))
  }
  assert.deepEqual(await giveShare(folder, undefined), {})
})

test('a folder whose path is too long for a socket is refused with what to do', async (context) => {
  const { path, remove } = temporaryFolder('long')
  context.after(remove)
  const folder = dataFolder(join(path, 'x'.repeat(120)))
  await assert.rejects(giveShare(folder, undefined), { hint: /move the data folder/ })
})

test('a socket that a crash left behind is no obstacle', async (context) => {
  const folder = newFolder(context)
  await start(folder)
  const terminal = typing(printedAt(0), printedAt(1))
  const { id } = await change(folder, handingOf(three, terminal))
  writeFileSync(folder.unsealSocket, '')
  const address = { host: '127.0.0.1', port: 1 }
  let isListening = true
  const sealed = createSealedStart({
    folder,
    log: silentLog,
    listen: async () => ({
      address,
      async close() {
        isListening = false
      },
    }),
    async onSealed(bound) {
      assert.deepEqual(bound, address)
      for (const share of terminal.printed.slice(1)) await giveShare(folder, share)
    },
    signal: () => new Promise(() => {}),
  })
  context.after(() => sealed.close())
  const rootKey = await sealed.openShares({ id, shares: 3, threshold: 2 })
  assert.equal(rootKey.id, id)
  assert.ok(!isListening)
})

function shareWithOtherValue(share: string): string {
  const bytes = Buffer.from(share.slice('keyhold-share-'.length), 'hex').subarray(0, 50)
  bytes[20]! ^= 1
  const checksum = createHash('sha256').update(bytes).digest().subarray(0, 4)
  return `keyhold-share-${Buffer.concat([bytes, checksum]).toString('hex')}`
}
