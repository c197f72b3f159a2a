/** The OpenSSL command line, on files of a temporary folder. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './keyhold-process.ts'

/** Why tests with it are skipped; `false` if they need not be. */
export const opensslMissing: string | false = reasonToSkip()

function reasonToSkip(): string | false {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
  if (status !== 0) return 'the OpenSSL command line is not installed here'
  return /^OpenSSL [3-9]\./.test(stdout) ? false : `OpenSSL 3 is needed, here is ${stdout.trim()}`
}

export interface OpenSsl {
  /** @returns the path of a new file with these bytes. */
  file(bytes: Uint8Array): string
  /** @returns its standard output. @throws {Error} with what it said if it fails. */
  run(args: readonly string[], input?: Uint8Array): Buffer
  /** Whether it ends with 0, which `verify` does for good signatures only. */
  succeeds(args: readonly string[]): boolean
  /** Runs it with `-out FILE`. @returns what is in the file then. */
  output(args: readonly string[]): Buffer
  /** A fresh private key: PKCS#8 DER. */
  privateKey(...options: string[]): Buffer
  /** SPKI DER of a private key. */
  publicKeyOf(privateKey: Uint8Array): Buffer
  close(): void
}

export function createOpenSsl(): OpenSsl {
  const folder = temporaryFolder('openssl')
  let files = 0
  const newPath = () => join(folder.path, String(++files))

  function file(bytes: Uint8Array): string {
    const path = newPath()
    writeFileSync(path, bytes, { mode: 0o600 })
    return path
  }

  function run(args: readonly string[], input?: Uint8Array): Buffer {
    const { status, stdout, stderr } = spawnSync('openssl', args, { input })
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  function output(args: readonly string[]): Buffer {
    const path = newPath()
    run([...args, '-out', path])
    return readFileSync(path)
  }

  return {
    file,
    run,
    output,
    succeeds: (args) => spawnSync('openssl', args).status === 0,
    // genpkey's own DER is the traditional form of some keys.
    privateKey: (...options) => run(['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER'], run(['genpkey', ...options])),
    publicKeyOf: (privateKey) => run(['pkey', '-inform', 'DER', '-pubout', '-outform', 'DER'], privateKey),
    close: folder.remove,
  }
}
