/**
 * Domain keys (lifecycle.md 8.4): AES-256 keys, wrapped by the root key, that seal tokens.
 *
 * Token: `01 ‖ domain key id 16 ‖ IV 12 ‖ AES-256-GCM(secret) ‖ tag 16`, authenticated with the first 17 bytes and the
 * canonical description of what the secret belongs to, so a database writer cannot move a token to another owner or
 * purpose (ENV-30).
 */
import assert from 'node:assert/strict'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { IV_BYTES, open, seal, TAG_BYTES } from './aead.ts'
import { field, u16be } from './bytes.ts'
import type { RandomSource } from './random.ts'
import type { RootKey } from './root-key/root-key.ts'

const FORMAT = Buffer.of(1)
const ID_BYTES = 16
const IV_AT = 1 + ID_BYTES
const BODY_AT = IV_AT + IV_BYTES
const DOMAIN_KEY_LABEL = 'kms:domain-key:v1'
const KEY_BYTES = 32

export interface DomainKey {
  /** 32 hex digits. */
  readonly id: string
  readonly key: KeyObject
}

export interface WrappedDomainKey {
  readonly id: string
  readonly wrapped: Buffer
}

/** What a token's secret belongs to; the first part names the purpose. */
export type TokenSubject = readonly [purpose: string, ...parts: string[]]

export class TokenError extends Error {}

function newDomainKeyId(random: RandomSource): string {
  return random.nonce(ID_BYTES).toString('hex')
}

export async function createDomainKey(
  root: RootKey,
  random: RandomSource,
  id = newDomainKeyId(random),
): Promise<DomainKey & WrappedDomainKey> {
  const secret = random.keyBytes(KEY_BYTES)
  const wrapped = await root.wrap(secret, domainKeyAad(id))
  const key = createSecretKey(secret)
  secret.fill(0)
  return { id, key, wrapped }
}

export async function unwrapDomainKey(root: RootKey, { id, wrapped }: WrappedDomainKey): Promise<DomainKey> {
  const secret = await root.unwrap(wrapped, domainKeyAad(id))
  const key = createSecretKey(secret)
  secret.fill(0)
  return { id, key }
}

/** The same domain key under another root key. Opened again before it is believed: nothing else could open what it seals. */
export async function rewrapDomainKey(
  from: RootKey,
  to: RootKey,
  domainKey: WrappedDomainKey,
): Promise<WrappedDomainKey> {
  const { id } = domainKey
  const secret = await from.unwrap(domainKey.wrapped, domainKeyAad(id))
  const wrapped = await to.wrap(secret, domainKeyAad(id))
  const opened = await to.unwrap(wrapped, domainKeyAad(id))
  assert.ok(opened.equals(secret))
  secret.fill(0)
  opened.fill(0)
  return { id, wrapped }
}

function domainKeyAad(id: string): Buffer {
  return Buffer.concat([field(DOMAIN_KEY_LABEL), field(id)])
}

export function sealToken(domain: DomainKey, random: RandomSource, subject: TokenSubject, secret: Uint8Array): Buffer {
  const prefix = Buffer.concat([FORMAT, Buffer.from(domain.id, 'hex')])
  const iv = random.nonce(IV_BYTES)
  return Buffer.concat([prefix, iv, seal(domain.key, iv, tokenAad(prefix, subject), secret)])
}

/** The id of the domain key that sealed a token, 32 hex digits. */
export function domainKeyIdOf(token: Buffer): string {
  if (token.length < BODY_AT + TAG_BYTES || token[0] !== FORMAT[0]) throw new TokenError('not a token')
  return token.toString('hex', 1, IV_AT)
}

/** The caller wipes the result when it is done with it. @throws {TokenError} if the token is another subject's or was altered. */
export function openToken(domain: DomainKey, subject: TokenSubject, token: Buffer): Buffer {
  if (domainKeyIdOf(token) !== domain.id) throw new TokenError('another domain key')
  const prefix = token.subarray(0, IV_AT)
  const secret = open(domain.key, token.subarray(IV_AT, BODY_AT), tokenAad(prefix, subject), token.subarray(BODY_AT))
  if (secret === undefined) throw new TokenError(`token does not belong to ${subject.join(' ')}`)
  return secret
}

function tokenAad(prefix: Buffer, subject: TokenSubject): Buffer {
  return Buffer.concat([prefix, u16be(subject.length), ...subject.map(field)])
}
