/** Key spec, usage and chosen material of a seeded key. What the bytes are worth, the key spec says when they are used. */
import type { KeyUsage } from '../domain/keys/key.ts'
import { KEY_SPECS, keySpecRow, SYMMETRIC_DEFAULT } from '../domain/keys/key-specs.ts'
import { SeedError } from './seed-error.ts'
import { type Fields, fault, join, optional, text } from './seed-values.ts'

export interface SeedKeyKind {
  readonly spec: string
  readonly usage: KeyUsage
  /** Bytes of a symmetric or HMAC key, PKCS #8 DER of others; `undefined`: the seed says none. */
  readonly material: Buffer | undefined
}

const SYMMETRIC_BYTES = 32

export function readKeyKind(fields: Fields, place: string): SeedKeyKind {
  const spec = optional(fields, place, 'spec', readSpec) ?? SYMMETRIC_DEFAULT
  const usage = readUsage(fields.usage, join(place, 'usage'), spec)
  return { spec, usage, material: optional(fields, place, 'material', readerOfMaterial(spec)) }
}

function readSpec(value: unknown, place: string): string {
  return text(value, place, `one of ${KEY_SPECS.join(', ')}`, (it) => KEY_SPECS.includes(it))
}

/** CreateKey asks for it, too, where a spec has several (operations.md 3.6). */
function readUsage(value: unknown, place: string, spec: string): KeyUsage {
  const { usages } = keySpecRow(spec)
  if (value === undefined && usages.length === 1) return usages[0]!
  const found = usages.find((usage) => usage === value)
  if (found !== undefined) return found
  throw fault(place, `expected ${usages.length === 1 ? usages[0] : `one of ${usages.join(', ')}`} for ${spec}`, value)
}

/** Material never shows in a message, whatever is wrong with it. */
function readerOfMaterial(spec: string): (value: unknown, place: string) => Buffer {
  const { kind, importMaterial } = keySpecRow(spec)
  const decode = kind === 'symmetric' ? symmetricBytes : kind === 'HMAC' ? anyBytes : privateKey
  return (value, place) => {
    if (importMaterial === undefined) throw new SeedError(`${place}: that of ${spec} keys cannot be chosen`)
    const bytes = typeof value === 'string' ? decode(value) : undefined
    if (bytes !== undefined) return bytes
    throw new SeedError(`${place}: expected ${EXPECTED[kind]}`)
  }
}

const EXPECTED = {
  symmetric: `${SYMMETRIC_BYTES} bytes, in base64 or as ${2 * SYMMETRIC_BYTES} hex digits`,
  HMAC: 'bytes, in base64 or as hex digits',
  asymmetric:
    "a private key in PKCS #8 without a passphrase, as PEM ('-----BEGIN PRIVATE KEY-----') or in base64; openssl pkcs8 -topk8 -nocrypt makes it of others",
} as const

/** Unambiguous: 64 hex digits read as base64 would be 48 bytes. */
function symmetricBytes(given: string): Buffer | undefined {
  const bytes = anyBytes(given)
  return bytes?.length === SYMMETRIC_BYTES ? bytes : undefined
}

/** Hex digits alone are hex: bytes at random have such a base64 form once in 10^18 times and less. */
function anyBytes(given: string): Buffer | undefined {
  return /^(?:[0-9a-fA-F]{2})+$/.test(given) ? Buffer.from(given, 'hex') : base64(given)
}

const PEM = /^\s*-----BEGIN PRIVATE KEY-----\s([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/

function privateKey(given: string): Buffer | undefined {
  return base64((PEM.exec(given)?.[1] ?? given).replace(/\s+/g, ''))
}

function base64(given: string): Buffer | undefined {
  const bytes = Buffer.from(given, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === given ? bytes : undefined
}
