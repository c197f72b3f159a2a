/** What the person at the terminal reads of errors of the file system: which path, what was expected, what to do (design.md section 8). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { explainError } from '../../src/start/explain-error.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import { MAIN } from '../support/keyhold-process.ts'

/** errno(3), in the form of node's errors. */
const CODES = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ELOOP', 'EEXIST', 'ENAMETOOLONG']

for (const code of CODES) {
  test(`${code} is explained with the path and what to do`, () => {
    const error = Object.assign(new Error(`${code}: words of the system, open '/some/file'`), {
      code,
      syscall: 'open',
      path: '/some/file',
    })
    const { message, hint } = explainError(error)!
    assert.match(message, /^cannot use \/some\/file: \w/)
    assert.doesNotMatch(message, new RegExp(`${code}|\n`))
    assert.ok(hint !== undefined)
  })
}

test('an error without a path, or with a code that nobody knows, is a bug and keeps its stack', () => {
  assert.equal(explainError(Object.assign(new Error('x'), { code: 'ENOENT' })), undefined)
  assert.equal(explainError(Object.assign(new Error('x'), { code: 'EUNHEARDOF', path: '/some/file' })), undefined)
  assert.equal(explainError(new TypeError('x is not a function')), undefined)
})

const STRANGER = 65_534
const folder = mkdtempSync(join(tmpdir(), 'keyhold-explain-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const isRoot = process.geteuid?.() === 0
const me = isRoot ? STRANGER : process.geteuid?.()

/** As a user for whom permissions count. */
function keyhold(args: readonly string[]) {
  const as = isRoot ? { uid: STRANGER, gid: STRANGER } : {}
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 60_000, ...as })
}

function giveAway(path: string): void {
  if (isRoot) chownSync(path, STRANGER, STRANGER)
}

function skipReason(): string | false {
  if (me === undefined) return 'this system has no such permissions'
  return keyhold(['version']).status === 0 ? false : 'other users cannot read this checkout'
}

test('what this user may not use is named without a stack', { skip: skipReason() }, async (t) => {
  chmodSync(folder, 0o777)
  const made = join(folder, 'made')
  const prepared = await prepareDataFolder({
    folder: dataFolder(made),
    provider: 'file',
    passphrase: undefined,
    account: '111122223333',
    region: 'eu-central-1',
    mode: 'server',
    log: silentLog,
  })
  prepared.lock.release()
  for (const name of ['root-key', 'keyhold.db', 'lock', 'audit', '']) {
    await t.test(name === '' ? 'the data folder' : name, () => {
      const path = join(folder, `without-${name}`)
      cpSync(made, path, { recursive: true })
      mkdirSync(join(path, 'audit'), { recursive: true })
      for (const entry of ['', ...readdirSync(path)]) giveAway(join(path, entry))
      chmodSync(join(path, name), 0)
      const { status, stderr } = keyhold(['start', '--data', path, '--port', '0'])
      chmodSync(join(path, name), 0o700)
      assert.equal(status, 1, stderr)
      const [error, hint, ...rest] = stderr.trimEnd().split('\n')
      assert.ok(error!.startsWith('keyhold: error: ') && error!.includes(join(path, name)), stderr)
      assert.match(error!, /this user may not use it|must be able to write/)
      if (hint !== undefined) assert.match(hint, /^keyhold: hint: /)
      assert.deepEqual(rest, [])
    })
  }
  for (const [flag, file] of [
    ['--config', 'settings.yaml'],
    ['--passphrase-file', 'passphrase'],
    ['--tls-key', 'key.pem'],
    ['--guard-policy', 'policy.json'],
    ['--hsm-clusters', 'clusters.yaml'],
  ] as const) {
    await t.test(flag, () => {
      const path = join(folder, file)
      writeFileSync(path, '', { mode: 0 })
      giveAway(path)
      // Any file that can be read; the key is what is looked at.
      const certificate = flag === '--tls-key' ? ['--tls-cert', MAIN] : []
      const { status, stderr } = keyhold(['start', '--data', join(folder, 'never'), flag, path, ...certificate])
      assert.equal(status, 2, stderr)
      const [error, hint, ...rest] = stderr.trimEnd().split('\n')
      assert.ok(error!.includes(`${path}: this user may not use it`), stderr)
      assert.match(hint!, /^keyhold: hint: run Keyhold as the user that it belongs to, or let this user/)
      assert.deepEqual(rest, [])
    })
  }
})
