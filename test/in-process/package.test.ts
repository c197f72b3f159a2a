/** The npm package as its users get it: packed, installed elsewhere, imported, typed, and run as a program. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'keyhold-package-'))
after(() => rmSync(folder, { recursive: true }))

/** This Node first, whatever the machine has. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` }
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

let notInstalled: string | undefined

before(() => {
  const args = ['pack', '--silent', '--pack-destination', folder]
  const packed = spawnSync(npm, args, { cwd: ROOT, env, encoding: 'utf8' })
  assert.equal(packed.status, 0, packed.stdout + packed.stderr)
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
  // What this repository was installed from is still in npm's cache, as a rule.
  notInstalled = install(tarball!, '--offline') && install(tarball!, '--prefer-offline')
})

/** Without the optional packages: they bring a Node, which is here already. @returns why it did not work. */
function install(tarball: string, mode: string): string | undefined {
  const args = ['install', mode, '--omit=optional', '--no-audit', '--no-fund', '--silent', join(folder, tarball)]
  const { status, stderr, stdout } = spawnSync(npm, args, { cwd: folder, env, encoding: 'utf8', timeout: 120_000 })
  return status === 0 ? undefined : `npm install failed: ${(stderr + stdout).trim().slice(0, 500)}`
}

test('an installed package can be imported and starts', (context) => {
  if (notInstalled !== undefined) return context.skip(notInstalled)
  const code = `
    import { startKeyhold } from 'keyhold'
    const keyhold = await startKeyhold()
    const answer = await fetch(keyhold.endpoint, { method: 'POST', body: '{}' })
    const page = await fetch(keyhold.endpoint + '/console/')
    await keyhold.stop()
    console.log(answer.status, page.status)`
  writeFileSync(join(folder, 'use.js'), code)
  const { status, stdout, stderr } = spawnSync(process.execPath, ['use.js'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^4\d\d 200\n$/, 'an unsigned call is refused, and the console is there')
})

test('its types are found by a strict compiler', (context) => {
  if (notInstalled !== undefined) return context.skip(notInstalled)
  const code = `
    import { type Keyhold, startKeyhold } from 'keyhold'
    const keyhold: Keyhold = await startKeyhold({ seed: { keys: [{ id: 'x', tags: { a: 'b' } }] }, port: 0 })
    const endpoint: string = keyhold.endpoint
    // @ts-expect-error there is no such option
    await startKeyhold({ prot: 0 })
    // @ts-expect-error a key has an id
    await startKeyhold({ seed: { keys: [{}] } })
    export { endpoint }`
  writeFileSync(join(folder, 'use.ts'), code)
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', '']
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...options, 'use.ts'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stdout)
})

test('npx keyhold is the program', (context) => {
  if (notInstalled !== undefined) return context.skip(notInstalled)
  const args = ['exec', '--offline', '--', 'keyhold', '--help']
  const { status, stdout, stderr } = spawnSync(npm, args, { cwd: folder, env, encoding: 'utf8', timeout: 30_000 })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^Keyhold: a key management service/)
})

test('the program finds its worker processes', { timeout: 60_000 }, async (context) => {
  if (notInstalled !== undefined) return context.skip(notInstalled)
  const program = join(folder, 'node_modules', 'keyhold', 'dist', 'main.js')
  const args = ['start', '--workers', '2', '--port', '0', '--data', join(folder, 'data')]
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})

test('the package holds what it needs and no source', (context) => {
  if (notInstalled !== undefined) return context.skip(notInstalled)
  const files = readdirSync(join(folder, 'node_modules', 'keyhold'), { recursive: true, encoding: 'utf8' })
  assert.ok(files.includes(join('dist', 'main.js')))
  assert.ok(files.includes(join('dist', 'index.d.ts')))
  assert.ok(files.includes(join('dist', 'start', 'worker.js')))
  assert.ok(files.includes(join('dist', 'console', 'index.html')))
  assert.ok(files.includes(join('dist', 'console', 'licenses.md')))
  assert.deepEqual(
    files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')),
    [],
  )
  assert.ok(!files.some((name) => name.startsWith('test') || name.startsWith('src')))
})
