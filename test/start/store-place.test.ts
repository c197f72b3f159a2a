/** What a data folder remembers of a store that is elsewhere, and what those pay that have theirs in the folder. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { OperatorError, UsageError } from '../../src/config/operator-error.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { placeToRemember, rememberStore, storePlaceOf } from '../../src/start/store-place.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const temporary = temporaryFolder('place')
after(() => temporary.remove())
const ADDRESS = 'postgres://keyhold@db.example.org/keyhold'
let folders = 0

function newFolder() {
  const path = join(temporary.path, String(++folders))
  mkdirSync(path)
  return dataFolder(path)
}

test('a folder has its store in itself, unless it was told otherwise', () => {
  const folder = newFolder()
  const inside = storePlaceOf(folder, undefined)
  assert.deepEqual([inside.isShared, inside.nodeName('worker-1')], [false, 'worker-1'])
  rememberStore(folder, placeToRemember(folder, { address: ADDRESS, passwordFile: undefined }))
  const shared = storePlaceOf(folder, undefined)
  assert.deepEqual([shared.isShared, shared.name], [true, ADDRESS])
})

test('names of nodes differ from machine to machine, and stay the same from start to start', () => {
  const [one, two] = [newFolder(), newFolder()]
  for (const folder of [one, two]) {
    rememberStore(folder, placeToRemember(folder, { address: ADDRESS, passwordFile: undefined }))
  }
  const nameIn = (folder: typeof one) => storePlaceOf(folder, undefined).nodeName('worker-1')
  assert.notEqual(nameIn(one), nameIn(two))
  const before = nameIn(one)
  rememberStore(one, placeToRemember(one, { address: `${ADDRESS}_2`, passwordFile: '/password' }))
  assert.equal(nameIn(one), before)
  assert.equal(storePlaceOf(one, undefined).name, `${ADDRESS}_2`)
})

test('what it remembers is for its owner alone', { skip: process.platform === 'win32' && 'no file modes' }, () => {
  const folder = newFolder()
  rememberStore(folder, placeToRemember(folder, { address: ADDRESS, passwordFile: '/password' }))
  assert.equal(statSync(folder.shared).mode & 0o777, 0o600)
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(folder.shared, 'utf8'))), ['address', 'passwordFile', 'machine'])
})

test('a folder with a store of its own is not given another', () => {
  const folder = newFolder()
  writeFileSync(folder.store, '')
  assert.throws(() => placeToRemember(folder, { address: ADDRESS, passwordFile: undefined }), UsageError)
})

test('who cannot tell where the store is makes none', () => {
  const folder = newFolder()
  for (const text of ['', '{', '[]', 'null', '{"address": 1, "machine": "m"}', `{"address": "${ADDRESS}"}`]) {
    writeFileSync(folder.shared, text)
    assert.throws(() => storePlaceOf(folder, undefined), OperatorError, text)
  }
})

test('servers whose store is a file do not load the library of PostgreSQL', () => {
  const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
  const script = `
    import Module from 'node:module'
    for (const path of [${['cli/start.ts', 'start/node.ts', 'start/prepare.ts', 'cli/operator-command.ts'].map(source)}]) await import(path)
    const loaded = Object.keys(Module._cache)
    console.log(JSON.stringify(loaded.filter((path) => /node_modules.(pg|postgres)/.test(path))))
    await import(${source('store/postgres-store.ts')})
    console.log(Object.keys(Module._cache).some((path) => /node_modules.pg/.test(path)))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(stdout, '[]\ntrue\n', stderr)
})
