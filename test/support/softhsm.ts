/**
 * A SoftHSM2 token in a temporary folder, with the certificate that stands for it, and what other programs see in it: `pkcs11-tool` of
 * OpenSC.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { certificateDigest } from '../../src/crypto/certificate-digest.ts'
import type { HsmCluster } from '../../src/hsm/hsm-cluster.ts'
import { temporaryFolder } from './keyhold-process.ts'
import { opensslMissing } from './openssl.ts'

const LIBRARIES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

const library = LIBRARIES.find(existsSync)

/** Path of SoftHSM2's; where it is missing, {@link softHsmMissing} says so. */
export const softHsmLibrary = library ?? ''

/** Why tests with it are skipped; `false` if they need not be. */
export const softHsmMissing: string | false = reasonToSkip()

function reasonToSkip(): string | false {
  if (library === undefined) return 'SoftHSM2 is not installed here'
  for (const [program, flag] of [
    ['softhsm2-util', '--version'],
    ['pkcs11-tool', '--help'],
  ] as const) {
    if (spawnSync(program, [flag]).error !== undefined) return `${program} is not installed here`
  }
  try {
    createRequire(import.meta.url)('pkcs11js')
  } catch {
    return 'the optional package pkcs11js is not installed here'
  }
  return opensslMissing
}

export const SO_PIN = 'security-officer'

export interface SoftHsm {
  readonly clusterId: string
  readonly certificate: string
  readonly cluster: HsmCluster
  readonly pin: string
  readonly serial: string
  /** Sets the PIN as a security officer does. */
  resetPin(pin: string): void
  /** Whether the token accepts the PIN. */
  accepts(pin: string): boolean
  /** Another token, whose label is that of the first. */
  addNamesake(): void
  /** What a PKCS #11 tool says with these arguments. */
  tool(...args: string[]): string
  close(): void
}

export interface SoftHsmOptions {
  readonly clusterId?: string
  readonly pin?: string
  readonly cluster?: Partial<HsmCluster>
}

export function createSoftHsm(options: SoftHsmOptions = {}): SoftHsm {
  const { clusterId = 'cluster-softhsm2aaa', pin = 'kmsuser-pin-1' } = options
  const folder = temporaryFolder('softhsm')
  const tokens = join(folder.path, 'tokens')
  mkdirSync(tokens)
  const conf = join(folder.path, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  const env = { ...process.env, SOFTHSM2_CONF: conf }

  function run(program: string, args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)
    return stdout
  }

  const addToken = () =>
    void run('softhsm2-util', ['--init-token', '--free', '--label', 'keyhold', '--so-pin', SO_PIN, '--pin', pin])
  addToken()
  const [, serial = ''] = /Serial number:\s+([0-9a-f]{16})/.exec(run('softhsm2-util', ['--show-slots'])) ?? []
  const certificate = selfSigned(folder.path, run)
  const tool = (...args: string[]) => run('pkcs11-tool', ['--module', library!, '--token-label', 'keyhold', ...args])
  return {
    clusterId,
    certificate,
    pin,
    serial,
    cluster: {
      clusterId,
      module: library!,
      tokens: [{ serial }],
      minCreate: 1,
      minConnect: 1,
      trustAnchorDigest: certificateDigest(certificate)!,
      rotatePin: true,
      derivesKeys: true,
      gcmParameters: 'v2.40',
      environment: { SOFTHSM2_CONF: conf },
      ...options.cluster,
    },
    resetPin: (pin) => void tool('--login', '--login-type', 'so', '--so-pin', SO_PIN, '--init-pin', '--new-pin', pin),
    accepts(pin) {
      const args = ['--module', library!, '--token-label', 'keyhold', '--login', '--pin', pin, '--list-objects']
      return spawnSync('pkcs11-tool', args, { env }).status === 0
    },
    addNamesake: addToken,
    tool,
    close: folder.remove,
  }
}

/** A certificate that says nothing but which token is meant. */
export function selfSigned(folder: string, run: (program: string, args: readonly string[]) => string): string {
  const path = join(folder, `certificate-${process.hrtime.bigint()}.pem`)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${path}.key`]
  run('openssl', ['req', '-x509', ...key, '-subj', '/CN=token', '-days', '3650', '-out', path])
  return readFileSync(path, 'utf8')
}
