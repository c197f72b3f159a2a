/** The OpenSSL command line, on files of a temporary folder. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './keyhold-process.ts'
import { runProgram } from './run-program.ts'

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
  run(args: readonly string[], input?: Uint8Array): Promise<Buffer>
  /** Whether it ends with 0, which `verify` does for good signatures only. */
  succeeds(args: readonly string[]): Promise<boolean>
  /** Runs it with `-out FILE`. @returns what is in the file then. */
  output(args: readonly string[]): Promise<Buffer>
  /** A fresh private key: PKCS#8 DER. */
  privateKey(...options: string[]): Promise<Buffer>
  /** SPKI DER of a private key. */
  publicKeyOf(privateKey: Uint8Array): Promise<Buffer>
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

  async function run(args: readonly string[], input?: Uint8Array): Promise<Buffer> {
    const { status, stdout, stderr } = await runProgram('openssl', args, input)
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  return {
    file,
    run,
    succeeds: async (args) => (await runProgram('openssl', args)).status === 0,
    async output(args) {
      const path = newPath()
      await run([...args, '-out', path])
      return readFileSync(path)
    },
    // genpkey's own DER is the traditional form of some keys.
    async privateKey(...options) {
      const pem = await run(['genpkey', ...options])
      return run(['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER'], pem)
    },
    publicKeyOf: (privateKey) => run(['pkey', '-inform', 'DER', '-pubout', '-outform', 'DER'], privateKey),
    close: folder.remove,
  }
}
