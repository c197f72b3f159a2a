/** The file of an SQLite store: who can read it, what is left in it, and what is said when it cannot be opened. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/base/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { exampleAlias, exampleKey, exampleMaterial } from '../contract/store/examples.ts'

const isWindows = process.platform === 'win32'
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyhold-store-'))
  path = join(folder, 'keyhold.db')
})
afterEach(() => {
  chmodSync(folder, 0o700)
  rmSync(folder, { recursive: true })
})

const open = (file = path) => openSqliteStore({ path: file, node: 'node-1', clock: systemClock })

/** The message for the operator when `path` is opened. */
async function refusal(file = path): Promise<string> {
  const error = await open(file).then(
    async (store) => {
      await store.close()
      throw new Error('it was opened')
    },
    (error: unknown) => error,
  )
  assert.ok(error instanceof StoreError, `not an error for the operator: ${error}`)
  assert.ok(error.message.includes(file), error.message)
  return error.message
}

function modes(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
  )
}

describe('the files of a store', () => {
  const PRIVATE = { 'keyhold.db': '600', 'keyhold.db-shm': '600', 'keyhold.db-wal': '600' }

  test('are for their owner only, whatever the umask allows', { skip: isWindows && 'no file modes' }, async () => {
    const umask = process.umask(0)
    try {
      const store = await open()
      await store.change((change) => change.insertKey(exampleKey(), []))
      assert.deepEqual(modes(), PRIVATE)
      await store.close()
    } finally {
      process.umask(umask)
    }
  })

  test('become so again if somebody opened them up', { skip: isWindows && 'no file modes' }, async () => {
    const first = await open()
    await first.change((change) => change.insertKey(exampleKey(), []))
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644)
    const second = await open()
    assert.deepEqual(modes(), PRIVATE)
    await second.close()
    await first.close()
  })

  test('keep everything over a restart', async () => {
    const key = exampleKey({ tags: [{ key: 'a', value: 'b' }] })
    const material = exampleMaterial(key)
    const first = await open()
    await first.change((change) => change.insertKey(key, [material]))
    await first.change((change) => change.insertAlias(exampleAlias(key, 'alias/kept')))
    const position = await first.changesPosition()
    await first.close()
    assert.deepEqual(readdirSync(folder), ['keyhold.db'], 'a closed store is one file')
    const second = await open()
    assert.deepEqual(await second.findKey(key), key)
    assert.deepEqual(await second.findMaterial(key.region, material.materialId), material)
    assert.equal((await second.findAlias({ ...key, aliasName: 'alias/kept' }))?.keyId, key.keyId)
    assert.equal(await second.changesPosition(), position)
    await second.close()
  })

  test('do not keep the token of an erased key', async () => {
    const [gone, kept] = [exampleKey(), exampleKey()]
    const token = Buffer.from('a token that must not survive its key, long enough to be found')
    const store = await open()
    await store.change((change) => change.insertKey(gone, [{ ...exampleMaterial(gone), token }]))
    await store.change((change) => change.insertKey(kept, [exampleMaterial(kept)]))
    const holders = () => readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(token))
    assert.notDeepEqual(holders(), [], 'the token was never in the files, so the test finds nothing')
    await store.change((change) => change.eraseKey(gone))
    assert.deepEqual(holders(), [])
    await store.close()
    assert.deepEqual(holders(), [])
  })
})

describe('opening is refused, with advice, when the path is', () => {
  test('a file that is no database', async () => {
    writeFileSync(path, 'this is a text file, not a database. '.repeat(200))
    const before = readFileSync(path)
    assert.match(await refusal(), /damaged or was not made by Keyhold.*Restore it from a backup/)
    assert.deepEqual(readFileSync(path), before, 'it was written to')
  })

  test('a damaged store', async () => {
    const store = await open()
    await store.change((change) => change.insertKey(exampleKey({ policy: 'p'.repeat(100_000) }), []))
    await store.close()
    truncateSync(path, statSync(path).size - 8192)
    assert.match(await refusal(), /damaged/)
  })

  test('a store whose first page was overwritten', async () => {
    const store = await open()
    await store.close()
    const bytes = readFileSync(path)
    bytes.fill(0xff, 100, 4096)
    writeFileSync(path, bytes)
    assert.match(await refusal(), /damaged/)
  })

  test('the database of another program, which stays as it is', async () => {
    const foreign = new DatabaseSync(path)
    foreign.exec('CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES (1)')
    foreign.close()
    const before = readFileSync(path)
    assert.match(await refusal(), /database of another program/)
    assert.deepEqual(readFileSync(path), before, 'it was written to')
    assert.deepEqual(readdirSync(folder), ['keyhold.db'])
  })

  test('an empty database that another program has marked as its own', async () => {
    const foreign = new DatabaseSync(path)
    foreign.exec('PRAGMA application_id = 42')
    foreign.close()
    assert.match(await refusal(), /database of another program/)
  })

  test('a folder', async () => {
    mkdirSync(path)
    assert.match(await refusal(), /folder|create files/)
  })

  test('in a folder that does not exist', async () => {
    assert.match(await refusal(join(folder, 'missing', 'keyhold.db')), /folder does not exist/)
    assert.equal(existsSync(join(folder, 'missing')), false)
  })

  test('locked by another program for good', { timeout: 30_000 }, async () => {
    const store = await open()
    await store.close()
    const other = new DatabaseSync(path)
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    assert.match(await refusal(), /Another process keeps it locked/)
    other.close()
  })
})

describe('a user without permission', () => {
  const OPENER = fileURLToPath(new URL('./open-process.ts', import.meta.url))
  const NOBODY = 65_534

  /** Root may write everywhere, so it opens the store as somebody else. @returns what the opener printed. */
  function openAsOther(): string {
    const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
    const { stdout, stderr } = spawnSync(process.execPath, [OPENER, path], { ...identity, encoding: 'utf8' })
    assert.equal(stderr, '')
    return stdout
  }

  /** Somebody else must be able to run this checkout at all. */
  function whyNot(): string | false {
    if (isWindows) return 'no file modes'
    if (process.getuid?.() !== 0) return false
    const { status } = spawnSync(process.execPath, [OPENER, ':memory:'], { uid: NOBODY, gid: NOBODY })
    return status === 0 ? false : 'other users cannot read this checkout'
  }
  const skip = whyNot()

  test('is told so for a folder that is read-only', { skip }, () => {
    chmodSync(folder, 0o555)
    assert.match(openAsOther(), /^StoreError: .*must be able to write/)
  })

  test('is told so for a file that is read-only', { skip }, async () => {
    const store = await open()
    await store.close()
    chmodSync(folder, 0o777)
    chmodSync(path, 0o444)
    assert.match(openAsOther(), /^StoreError: .*must be able to write/)
  })

  test('is told so for a file that is not readable', {
    skip: skip || (process.getuid?.() !== 0 && 'the owner can change the mode'),
  }, async () => {
    const store = await open()
    await store.close()
    chmodSync(folder, 0o755)
    assert.match(openAsOther(), /^StoreError: .*must be able to write/)
  })
})

describe('a disk that is full at the first start', () => {
  const mount = join(tmpdir(), `keyhold-full-${process.pid}`)
  const OPENER = fileURLToPath(new URL('./open-process.ts', import.meta.url))
  // A file system of 64 KiB in a mount namespace of its own, which ends with the process.
  const script = `mkdir -p '${mount}' && mount -t tmpfs -o size=64k none '${mount}' && exec "$0" "$@"`

  function whyNot(): string | false {
    try {
      execFileSync('unshare', ['-rm', '/bin/sh', '-c', script, 'true'], { stdio: 'ignore' })
      return false
    } catch {
      return 'this system does not let us mount a small file system'
    }
  }

  test('is named as the reason', { skip: whyNot() }, () => {
    const args = ['-rm', '/bin/sh', '-c', script, process.execPath, OPENER, join(mount, 'keyhold.db')]
    const { stdout } = spawnSync('unshare', args, { encoding: 'utf8' })
    rmSync(mount, { recursive: true, force: true })
    assert.match(stdout, /^StoreError: .*disk is full|^StoreError: .*disk reports/)
  })
})
