/** The OpenSSL command line and Python's `cryptography`, where the machine has them: other programs than ours and Node's. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** Reason to skip, or false. */
export const NO_OPENSSL = works('openssl', ['version']) ? false : 'no openssl command on this machine'
export const NO_OPENSSL_SM2 =
  NO_OPENSSL || (works('openssl', ['ecparam', '-name', 'SM2', '-noout']) ? false : 'this openssl has no SM2')
export const NO_PYTHON = works('python3', ['-c', 'import cryptography']) ? false : "no Python package 'cryptography'"
export const NO_PYTHON_ML_DSA =
  NO_PYTHON ||
  (works('python3', [
    '-c',
    'from cryptography.hazmat.primitives.asymmetric import mldsa; mldsa.MLDSA44PrivateKey.generate()',
  ])
    ? false
    : "this Python 'cryptography' has no ML-DSA")

/** Runs `openssl` in a folder of its own that has `files`; arguments name them. @returns what it wrote to standard output. */
export function openssl(args: readonly string[], files: Readonly<Record<string, Uint8Array>>): Buffer {
  return inFolder(files, (folder) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** Exit status 0, that is: verified. */
export function opensslAccepts(args: readonly string[], files: Readonly<Record<string, Uint8Array>>): boolean {
  return inFolder(files, (folder) => spawnSync('openssl', args, { cwd: folder, stdio: 'ignore' }).status === 0)
}

/** The script finds `files` in its working directory. */
export function python(script: string, files: Readonly<Record<string, Uint8Array>>): Buffer {
  return inFolder(files, (folder) =>
    execFileSync('python3', ['-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }),
  )
}

function inFolder<T>(files: Readonly<Record<string, Uint8Array>>, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-interoperability-'))
  try {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
