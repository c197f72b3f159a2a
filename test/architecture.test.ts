/**
 * The import table of ARCHITECTURE.md as data. Arrows point one way: wire → operations (through pipeline) → domain → crypto.
 * Fails on every arrow that the table does not allow, type-only imports included, and on a table that matches nothing.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { test } from 'node:test'

const SOURCE = join(import.meta.dirname, '..', 'src')

/** Room → what its files may import: a folder (with `/`) or one file of `src/`, or a package by its name. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  crypto: [
    'base/',
    'node:crypto',
    'node:fs',
    'node:os',
    'node:path',
    'node:util',
    'node:worker_threads',
    '@noble/curves',
    '@noble/hashes',
    '@noble/post-quantum',
    '@peculiar',
    'asn1js',
    'cborg',
    'micro-rsa-dsa-dh',
    'shamir-secret-sharing',
    'sm-crypto-v2',
  ],
  audit: [
    'crypto/hash.ts',
    'crypto/audit-key.ts',
    'crypto/thread-priority.ts',
    'base/',
    'node:fs',
    'node:path',
    'node:os',
    'node:util',
    'node:sqlite',
    'node:worker_threads',
    'node:zlib',
  ],
  domain: ['crypto/', 'base/', 'jose', 'lru-cache', 'node:zlib'],
  store: [
    'domain/',
    'base/',
    'kysely',
    'node:sqlite',
    'pg',
    'pgpass',
    'node:fs',
    'node:path',
    'node:async_hooks',
    'node:timers',
  ],
  jobs: ['domain/', 'audit/audit-record.ts', 'audit/event-history.ts', 'base/'],
  auth: [
    'domain/store.ts',
    'domain/principal.ts',
    'domain/identity/entities.ts',
    'domain/identity/services.ts',
    'crypto/',
    'base/',
    'lru-cache',
  ],
  pipeline: ['domain/', 'audit/audit-record.ts', 'audit/event-history.ts', 'base/'],
  operations: [
    'pipeline/operation.ts',
    'domain/',
    'audit/audit-record.ts',
    'audit/event-history.ts',
    'base/',
    'operations/shapes/',
  ],
  wire: [
    'auth/',
    'pipeline/',
    'operations/index.ts',
    'crypto/certificate-end.ts',
    'base/',
    'audit/audit-record.ts',
    'node:http',
    'node:https',
    'node:net',
    'node:tls',
    'node:fs',
  ],
  hsm: [
    'domain/',
    'crypto/',
    'base/',
    'node:child_process',
    'node:events',
    'node:module',
    'node:path',
    'node:timers/promises',
    'node:url',
    'pkcs11js',
  ],
  // A listener beside that of the API, for another protocol: from its sockets to the ciphers.
  'xks-proxy': [
    'auth/',
    'domain/',
    'crypto/',
    'base/',
    'audit/audit-record.ts',
    'config/operator-error.ts',
    'wire/listen.ts',
    'wire/node-http.ts',
    'wire/peer.ts',
    'wire/security-log.ts',
    'wire/tls-certificate.ts',
    'node:http',
    'node:https',
    'node:net',
    'node:fs',
    'node:path',
  ],
  // A proxy of an external key store knows Keyhold by a signature.
  outgoing: [
    'crypto/sha256-object.ts',
    'base/',
    '@smithy/signature-v4',
    'node:dns',
    'node:http',
    'node:https',
    'node:net',
    'node:timers/promises',
    'node:tls',
  ],
  // Beside an API server of Kubernetes, where there is no store: it knows a KMS by calls of its API alone.
  kubernetes: ['outgoing/kms-calls.ts', 'base/', '@bufbuild/protobuf', '@connectrpc', 'node:http2'],
  metrics: ['domain/', 'base/', 'node:perf_hooks'],
  config: ['base/', 'node:fs', 'node:module', 'node:os', 'node:path', 'node:util', 'yaml'],
}

/** Rooms whose files may import one another freely; operations may not (shared code moves down). */
const MAY_IMPORT_ITSELF = new Set(Object.keys(MAY_IMPORT).filter((room) => room !== 'operations'))

/** Where things are plugged together: may import every room. */
const COMPOSITION = new Set(['', 'cli', 'start', 'seed'])

interface Arrow {
  readonly from: string
  /** Path below `src/`, or the name of a package. */
  readonly to: string
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g

function sourceFiles(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.ts'))
}

function arrowsOf(file: string): Arrow[] {
  const text = readFileSync(join(SOURCE, file), 'utf8')
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = (match[1] ?? match[2] ?? match[3])!
    const to = specifier.startsWith('.') ? posix.join(dirname(file), specifier) : specifier
    return { from: file, to }
  })
}

function roomOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : ''
}

function isAllowed({ from, to }: Arrow): boolean {
  const room = roomOf(from)
  if (COMPOSITION.has(room) || to.startsWith('node:assert')) return true
  // The lists of operations are the files that see them all.
  if (/^operations\/(?:sts\/|iam\/|cloudtrail\/)?index\.ts$/.test(from)) {
    return to.startsWith('operations/') || to === 'pipeline/operation.ts' || to === 'base/services.ts'
  }
  if (MAY_IMPORT_ITSELF.has(room) && to.startsWith(`${room}/`)) return true
  return MAY_IMPORT[room]!.some((allowed) =>
    allowed.endsWith('/') ? to.startsWith(allowed) : to === allowed || to.startsWith(`${allowed}/`),
  )
}

test('every import follows the table', () => {
  const arrows = sourceFiles().flatMap(arrowsOf)
  const forbidden = arrows.filter((arrow) => !isAllowed(arrow)).map(({ from, to }) => `${from} → ${to}`)
  assert.deepEqual(forbidden, [])
})

test('every room is in the table, and the check has read imports of each', () => {
  const files = sourceFiles()
  const rooms = new Set(files.map(roomOf).filter((room) => !COMPOSITION.has(room)))
  assert.deepEqual([...rooms].sort(), Object.keys(MAY_IMPORT).sort())
  for (const room of rooms) {
    if (room === 'base') continue
    const arrows = files.filter((file) => roomOf(file) === room).flatMap(arrowsOf)
    assert.ok(arrows.length > 0, `no import found in ${room}: the check would pass by reading nothing`)
  }
})

/** The console is a client like any other: what it knows of Keyhold it knows from AWS's SDK. */
const CONSOLE_PACKAGES = [
  'react',
  'react-dom',
  '@cloudscape-design/components',
  '@cloudscape-design/global-styles',
  '@aws-sdk/client-iam',
  '@aws-sdk/client-kms',
  '@aws-sdk/client-sts',
]

test('the console imports itself and its packages, and nothing else imports it', () => {
  const folder = join(SOURCE, '..', 'console', 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path))
  const specifiers = files.flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    return [...text.matchAll(IMPORT)].map((match) => ({ file, to: (match[1] ?? match[2] ?? match[3])! }))
  })
  assert.ok(specifiers.length > 100, 'its imports were read')
  const forbidden = specifiers.filter(({ file, to }) => {
    if (to.startsWith('.')) return relative(folder, join(folder, dirname(file), to)).startsWith('..')
    return !CONSOLE_PACKAGES.some((name) => to === name || to.startsWith(`${name}/`))
  })
  assert.deepEqual(forbidden, [])
  const back = sourceFiles()
    .flatMap(arrowsOf)
    .filter(({ to }) => to.includes('../console/'))
  assert.deepEqual(back, [])
})

test('a forbidden arrow is found', () => {
  assert.equal(isAllowed({ from: 'operations/decrypt.ts', to: 'crypto/aead.ts' }), false)
  assert.equal(isAllowed({ from: 'operations/decrypt.ts', to: 'operations/encrypt.ts' }), false)
  assert.equal(isAllowed({ from: 'wire/aws-json.ts', to: 'domain/store.ts' }), false)
  assert.equal(isAllowed({ from: 'store/keys.ts', to: 'crypto/aead.ts' }), false)
  assert.equal(isAllowed({ from: 'operations/decrypt.ts', to: 'pipeline/operation.ts' }), true)
})

test('only crypto imports node:crypto, and every operation has a file named as AWS names it', () => {
  const arrows = sourceFiles().flatMap(arrowsOf)
  const offenders = arrows.filter(({ from, to }) => to === 'node:crypto' && roomOf(from) !== 'crypto')
  assert.deepEqual(offenders, [])
  const operations = sourceFiles().filter(
    (file) => /^operations\/[^/]+\.ts$/.test(file) && file !== 'operations/index.ts',
  )
  assert.equal(operations.length, 54, relative('.', SOURCE))
})
