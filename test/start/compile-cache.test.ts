/** Node's compile cache below the program: what a start leaves for the next, and that nothing in it can make another program of it. */
import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { MAIN, temporaryFolder } from '../support/keyhold-process.ts'

const ROOT = join(MAIN, '..', '..')
const TIMEOUT = { timeout: 120_000 }
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

interface Program {
  readonly path: string
  readonly main: string
  /** Where its cache is, if there is one. */
  readonly cache: string
}

/** A checkout of its own, whose dependencies are links to ours. */
function copyOfProgram(context: TestContext): Program {
  const folder = temporaryFolder('compile-cache')
  context.after(() => folder.remove())
  const { path } = folder
  chmodSync(path, 0o755)
  cpSync(join(ROOT, 'src'), join(path, 'src'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(path, 'package.json'))
  const packages = join(path, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(packages, name))
  }
  return { path, main: join(path, 'src', 'main.js'), cache: join(packages, '.cache', 'keyhold') }
}

/** Ours without what whoever runs the tests has said of caches; Node tells what it does with one. */
function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE, ...env } = process.env
  return { ...env, ...more }
}

const TELLING = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }

function version(program: Program, env: NodeJS.ProcessEnv = {}, uid?: number): SpawnSyncReturns<string> {
  const options = uid === undefined ? {} : { uid }
  return spawnSync(process.execPath, [program.main, 'version'], { encoding: 'utf8', env: environment(env), ...options })
}

interface Server {
  readonly endpoint: string
  /** Standard error. */
  told(): string
  end(signal: NodeJS.Signals): Promise<void>
}

async function serve(
  context: TestContext,
  program: Program,
  args: readonly string[],
  env: NodeJS.ProcessEnv = TELLING,
): Promise<Server> {
  const child = spawn(process.execPath, [program.main, ...args, '--port', '0'], { env: environment(env) })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  context.after(() => end('SIGKILL'))
  let told = ''
  child.stderr.on('data', (chunk) => {
    told += chunk
  })
  const endpoint = await new Promise<string>((resolve, reject) => {
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const [, found] = /^listening on (\S+)$/m.exec(printed) ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${told.slice(-2_000)}`)))
  })
  return { endpoint, told: () => told, end }
}

function cacheFiles({ cache }: Program): string[] {
  if (!existsSync(cache)) return []
  const found = readdirSync(cache, { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** Until nothing has been added for a while. */
async function filled(program: Program): Promise<number> {
  for (let before = -1; ; ) {
    const count = cacheFiles(program).length
    if (count > 0 && count === before) return count
    before = count
    await sleep(300)
  }
}

const accepted = (file: string) => new RegExp(`V8 code cache for ESM file:\\S+/${file} was accepted`)
const WORDS_OF_STRIPPING = 'saving transpilation cache'

async function roundTrip(context: TestContext, { endpoint }: Server): Promise<string> {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'any' }
  const client = new KMSClient({ endpoint, region: 'eu-central-1', credentials })
  context.after(() => client.destroy())
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
  const Plaintext = Buffer.from('as before')
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: KeyMetadata!.KeyId, Plaintext }))
  const opened = await client.send(new DecryptCommand({ CiphertextBlob }))
  return Buffer.from(opened.Plaintext!).toString()
}

test(
  'a server that was killed leaves a cache for its owner alone, by which the next one and its workers start',
  TIMEOUT,
  async (context) => {
    const program = copyOfProgram(context)
    const args = ['start', '--workers', '2', '--data', join(program.path, 'data')]

    const first = await serve(context, program, args)
    await filled(program)
    await first.end('SIGKILL')
    assert.ok(first.told().includes(WORDS_OF_STRIPPING), 'Node tells when it strips types')
    assert.equal(statSync(program.cache).mode & 0o777, 0o700)

    const second = await serve(context, program, args)
    await second.end('SIGTERM')
    for (const file of ['src/cli/run.ts', 'src/start/primary.ts', 'src/start/worker.ts', 'src/wire/http-server.ts']) {
      assert.match(second.told(), accepted(file))
    }
    assert.ok(!second.told().includes(WORDS_OF_STRIPPING), 'nothing is stripped again')
  },
)

test(
  'files of the cache that are cut off, changed, exchanged or empty do no harm, and are replaced',
  TIMEOUT,
  async (context) => {
    const program = copyOfProgram(context)
    const first = await serve(context, program, ['dev'], {})
    const count = await filled(program)
    await first.end('SIGKILL')

    const files = cacheFiles(program)
    assert.ok(files.length > 500, `only ${files.length} files to damage`)
    const original = files.map((path) => readFileSync(path))
    for (const [index, path] of files.entries()) writeFileSync(path, damaged(original, index))

    const second = await serve(context, program, ['dev'])
    assert.equal(await roundTrip(context, second), 'as before')
    await filled(program)
    await second.end('SIGKILL')
    assert.doesNotMatch(second.told(), /was (accepted|rejected)/, 'no damaged file has reached V8')
    assert.ok(cacheFiles(program).length >= count)

    const third = await serve(context, program, ['dev'])
    await third.end('SIGTERM')
    assert.match(third.told(), accepted('src/service.ts'))
  },
)

function damaged(files: readonly Buffer[], index: number): Buffer {
  const file = files[index]!
  const changed = Buffer.from(file)
  changed[changed.length - 1]! ^= 1
  switch (index % 4) {
    case 0:
      return file.subarray(0, file.length >> 1)
    case 1:
      return changed
    case 2:
      return files[(index + 1) % files.length]!
    default:
      return Buffer.alloc(0)
  }
}

test('a source that was edited is what runs, though the cache knows it as it was', (context) => {
  const program = copyOfProgram(context)
  const source = join(program.path, 'src', 'cli', 'version.ts')
  const before = version(program)
  assert.match(version(program, TELLING).stderr, accepted('src/cli/version.ts'))

  const text = readFileSync(source, 'utf8')
  // As long as it was: its length is no help.
  writeFileSync(source, text.replace('print(`keyhold ', 'print(`changed '))
  assert.equal(version(program).stdout, before.stdout.replace('keyhold ', 'changed '))
  assert.notEqual(version(program).stdout, before.stdout)
  writeFileSync(source, text)
  assert.equal(version(program).stdout, before.stdout)
})

test('servers that start at once on an empty cache leave a whole one', TIMEOUT, async (context) => {
  const program = copyOfProgram(context)
  const servers = await Promise.all([1, 2, 3].map(() => serve(context, program, ['dev'], {})))
  for (const server of servers) assert.equal(await roundTrip(context, server), 'as before')
  await Promise.all(servers.map((server) => server.end('SIGTERM')))
  assert.deepEqual(
    cacheFiles(program).filter((path) => !/[\\/][0-9a-f]{8}$/.test(path)),
    [],
    'nothing half written is left',
  )
  const next = await serve(context, program, ['dev'])
  await next.end('SIGTERM')
  assert.match(next.told(), accepted('src/service.ts'))
  assert.ok(!next.told().includes(WORDS_OF_STRIPPING))
})

test('the operator decides: another folder, or none', (context) => {
  const program = copyOfProgram(context)
  const elsewhere = join(program.path, 'elsewhere')
  assert.equal(version(program, { NODE_DISABLE_COMPILE_CACHE: '1' }).status, 0)
  assert.equal(version(program, { NODE_COMPILE_CACHE: elsewhere }).status, 0)
  assert.ok(readdirSync(elsewhere).length > 0)
  assert.ok(!existsSync(program.cache))
  assert.equal(version(program).status, 0)
  assert.ok(existsSync(program.cache), 'it would have been made')
})

test('where no cache can be written there is none, and nothing is said', (context) => {
  const program = copyOfProgram(context)
  const expected = { status: 0, stdout: version(program, { NODE_DISABLE_COMPILE_CACHE: '1' }).stdout, stderr: '' }
  const outcome = ({ status, stdout, stderr }: SpawnSyncReturns<string>) => ({ status, stdout, stderr })

  chmodSync(join(program.path, 'node_modules'), 0o555)
  // Permissions do not bind root: nobody, then, whose program it is but for that folder.
  if (isRoot) chownSync(program.path, NOBODY, NOBODY)
  assert.deepEqual(outcome(version(program, {}, isRoot ? NOBODY : undefined)), expected)
  assert.ok(!existsSync(join(program.path, 'node_modules', '.cache')))
  chmodSync(join(program.path, 'node_modules'), 0o755)
  if (isRoot) chownSync(program.path, 0, 0)

  writeFileSync(join(program.path, 'node_modules', '.cache'), 'a file where a folder should be')
  assert.deepEqual(outcome(version(program)), expected)
})

test('nobody but its owner uses the cache of a program, not even root', (context) => {
  if (!isRoot) return context.skip('only root can make files of others')
  const program = copyOfProgram(context)
  chownSync(program.path, NOBODY, NOBODY)
  assert.equal(version(program).status, 0)
  assert.ok(!existsSync(program.cache), "root leaves nothing in another's program")

  chownSync(program.path, 0, 0)
  mkdirSync(program.cache, { recursive: true })
  chownSync(program.cache, NOBODY, NOBODY)
  assert.equal(version(program).status, 0)
  assert.deepEqual(readdirSync(program.cache), [], "root believes nothing in another's folder")
})
