/**
 * A PostgreSQL server of its own for a test file, in a temporary folder, on a Unix socket and a port of the loopback address. It does not
 * outlive the process that started it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { PostgresLogin } from '../../src/store/postgres-store.ts'
import type { SelfSigned } from '../wire/self-signed.ts'

const DEBIAN = '/usr/lib/postgresql'

function binaries(): string | undefined {
  const versions = spawnSync('ls', [DEBIAN], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
  const newest = versions
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(DEBIAN, version, 'bin'))
  const folders = [...newest, ...(process.env.PATH ?? '').split(delimiter)]
  return folders.find((folder) => spawnSync(join(folder, 'initdb'), ['--version']).status === 0)
}

const folderOfPrograms = binaries()

/** PostgreSQL refuses to run as root. */
const identity = userToBe()

function userToBe(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  const [uid, gid] = [id('-u'), id('-g')]
  return uid > 0 && gid > 0 ? { uid, gid } : { uid: 65_534, gid: 65_534 }
}

/** Why tests with it are skipped; `false` if they need not be. The suite of CI fails rather than skip them. */
export const postgresMissing: string | false = reasonToSkip()

function reasonToSkip(): string | false {
  if (folderOfPrograms !== undefined) return false
  if (process.env.KEYHOLD_TESTS_NEED_POSTGRES) throw new Error('PostgreSQL is not installed here, and has to be')
  return 'PostgreSQL is not installed here'
}

export interface PostgresServer {
  /** Of the socket. */
  readonly folder: string
  readonly port: number
  readonly password: string
  /** Of its certificate, where it has one. */
  readonly certificateFile: string
  /** A new, empty database, over the socket. */
  createDatabase(): Promise<PostgresLogin>
  /** As the owner of everything. */
  run(sql: string, database?: string): Promise<readonly Record<string, unknown>[]>
  /** From its next start on: a standby of nobody, or a primary. */
  becomeStandby(isStandby: boolean): void
  /** Stops for a moment, and keeps what a standby would have that hears of nothing from here on. */
  keepStandby(): Promise<void>
  /** The server is lost, and that standby becomes the primary in its place. */
  failOver(): Promise<void>
  /** The server is cut off, but not gone: that standby becomes a primary beside it. @returns the port of that. */
  failOverBeside(): Promise<number>
  /** `fast` ends connections; `immediate` is a crash. Resolves when it is down. */
  stop(how: 'fast' | 'immediate'): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

const OWNER = 'keyhold'
/** The shell ends the server when this process is gone, which closes its input. */
const GUARDED = '"$@" < /dev/null & server=$!; read _; kill -QUIT $server; wait $server'

/** @param certificate with which it speaks TLS; without TLS if not given. */
export async function startPostgres(certificate?: SelfSigned): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-pg-'))
  const data = join(folder, 'data')
  const standby = join(folder, 'standby')
  const password = 'a password of the tests'
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  chmodSync(folder, 0o755)
  const certificateFile = join(folder, 'server.crt')
  const keyFile = join(folder, 'server.key')
  if (certificate !== undefined) {
    writeFileSync(certificateFile, certificate.cert)
    writeFileSync(keyFile, certificate.key, { mode: 0o600 })
  }
  const files = [folder, passwordFile, ...(certificate === undefined ? [] : [certificateFile, keyFile])]
  if (identity !== undefined) for (const path of files) chownSync(path, identity.uid, identity.gid)
  // In an order of the language, not of bytes: what Keyhold needs it has to ask for.
  const options = ['--encoding=UTF8', '--locale-provider=icu', '--icu-locale=en-US', '--locale=C', '--no-sync']
  const users = [`--username=${OWNER}`, `--pwfile=${passwordFile}`, '--auth-local=trust', '--auth-host=scram-sha-256']
  const made = spawnSync(join(folderOfPrograms!, 'initdb'), ['-D', data, ...options, ...users], {
    ...identity,
    cwd: folder,
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const port = await freePort()
  const tls = certificate && { ssl: 'on', ssl_cert_file: certificateFile, ssl_key_file: keyFile }
  let guard: ChildProcess | undefined
  let beside: ChildProcess | undefined
  let databases = 0

  async function run(sql: string, database = 'postgres', serverPort = port) {
    const client = new Client({ host: folder, port: serverPort, user: OWNER, database })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(sql)).rows as readonly Record<string, unknown>[]
    } finally {
      await client.end()
    }
  }

  async function launch(data: string, port: number): Promise<ChildProcess> {
    const given = { unix_socket_directories: folder, listen_addresses: '127.0.0.1', port: String(port), ...tls }
    const flags = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const program = join(folderOfPrograms!, 'postgres')
    const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', program, '-D', data, ...flags], {
      ...identity,
      cwd: folder,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-4000)
    })
    child.stdin.on('error', () => {})
    for (let attempt = 0; attempt < 300; attempt++) {
      if (child.exitCode !== null) break
      if (await run('SELECT 1', 'postgres', port).catch(() => undefined)) return child
      await sleep(50)
    }
    throw new Error(`PostgreSQL did not start: ${log}`)
  }

  async function start(): Promise<void> {
    guard = await launch(data, port)
  }

  function becomeStandby(isStandby: boolean, path = data): void {
    const signal = join(path, 'standby.signal')
    if (isStandby) writeFileSync(signal, '')
    else rmSync(signal)
  }

  function control(path: string, ...args: string[]): void {
    spawnSync(join(folderOfPrograms!, 'pg_ctl'), [...args, '-D', path, '-w'], { ...identity, cwd: folder })
  }

  async function stop(how: 'fast' | 'immediate'): Promise<void> {
    if (guard === undefined) return
    const ended = once(guard, 'close')
    control(data, 'stop', '-m', how)
    guard.stdin?.end()
    await ended
    guard = undefined
  }

  await start()
  return {
    folder,
    port,
    password,
    certificateFile,
    run,
    start,
    stop,
    becomeStandby: (isStandby) => becomeStandby(isStandby),
    async keepStandby() {
      await stop('fast')
      spawnSync('cp', ['-a', data, standby])
      await start()
    },
    async failOver() {
      await stop('immediate')
      rmSync(data, { recursive: true })
      renameSync(standby, data)
      becomeStandby(true)
      await start()
      control(data, 'promote')
    },
    async failOverBeside() {
      const other = await freePort()
      becomeStandby(true, standby)
      beside = await launch(standby, other)
      control(standby, 'promote')
      return other
    },
    async createDatabase() {
      const database = `test_${++databases}`
      await run(`CREATE DATABASE ${database}`)
      return { host: folder, port, user: OWNER, database, password: undefined, tls: undefined }
    },
    async remove() {
      await stop('immediate')
      if (beside !== undefined) {
        const ended = once(beside, 'close')
        beside.stdin?.end()
        await ended
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
