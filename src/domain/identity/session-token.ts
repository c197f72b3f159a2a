/**
 * Session tokens (authorization.md 6.7): everything that is known of temporary credentials, sealed, so that no node keeps
 * anything of a session.
 *
 * Token: base64 of a token of a domain key (`crypto/domain-key.ts`), which is bound to the access key id, over
 *   `01 ‖ secret 30 ‖ u16(length) ‖ facts ‖ packed`
 * where `facts` is JSON and `packed` deflated JSON of what may be long: session policies and tags. The secret is not
 * deflated along with what a caller chose: lengths would tell about it.
 */
import assert from 'node:assert/strict'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { SESSION_PACKED_BYTES_MAX, SESSION_TOKEN_CHARS_MAX, SESSION_UNPACKED_BYTES_MAX } from '../../base/limits.ts'
import { u8, u16be } from '../../crypto/bytes.ts'
import { TokenError, type TokenSubject } from '../../crypto/domain-key.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { Session } from '../principal.ts'

/** Whose rights the session has. */
export interface SessionSubject {
  readonly kind: 'role' | 'user' | 'federated user'
  readonly account: string
  /** `AROA…`, `AIDA…`; the account for its root. */
  readonly entityId: string
}

export interface SessionContent extends SessionSubject {
  /** `issuer` and `roleName` are not kept: they are what the store says when the session is used. */
  readonly session: Session
  /** Base64 of it is the secret access key. */
  readonly secret: Buffer
}

export const SESSION_SECRET_BYTES = 30

const FORMAT = 1
const LENGTH_AT = 1 + SESSION_SECRET_BYTES
const FACTS_AT = LENGTH_AT + 2

function subject(accessKeyId: string): TokenSubject {
  return ['kms:session-token:v1', accessKeyId]
}

/** In the order of {@link pack}. */
type Packed = [
  policyText: string | null,
  policyArns: readonly string[],
  tags: readonly (readonly [key: string, value: string])[],
  transitiveTagKeys: readonly string[],
]

function pack({ policyText, policyArns, tags, transitiveTagKeys }: Session): Buffer {
  const pairs = tags.map(({ key, value }) => [key, value] as const)
  const packed: Packed = [policyText ?? null, policyArns, pairs, transitiveTagKeys]
  return deflateRawSync(JSON.stringify(packed))
}

/** How much of what a session may hold its policies and tags take, in percent; above 100 it is too much. */
export function packedSizePercent(session: Session): number {
  const { policyText, policyArns, tags } = session
  if (policyText === undefined && policyArns.length === 0 && tags.length === 0) return 0
  return Math.ceil((pack(session).length * 100) / SESSION_PACKED_BYTES_MAX)
}

/** @param content at most 100 percent of what a token may hold. */
export async function sealSessionToken(
  domainKeys: DomainKeys,
  accessKeyId: string,
  content: SessionContent,
): Promise<string> {
  const { kind, account, entityId, session, secret } = content
  assert.equal(secret.length, SESSION_SECRET_BYTES)
  const { policyText: _text, policyArns: _arns, tags: _tags, transitiveTagKeys: _keys, ...rest } = session
  const { issuer: _issuer, roleName: _role, ...facts } = rest
  const json = Buffer.from(JSON.stringify([kind, account, entityId, facts]))
  const packed = pack(session)
  assert.ok(packed.length <= SESSION_PACKED_BYTES_MAX)
  const plain = Buffer.concat([u8(FORMAT), secret, u16be(json.length), json, packed])
  try {
    const token = (await domainKeys.seal(subject(accessKeyId), plain)).toString('base64')
    assert.ok(token.length <= SESSION_TOKEN_CHARS_MAX)
    return token
  } finally {
    plain.fill(0)
  }
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * `undefined`: the token is none of ours, was altered, or belongs to another access key. The caller wipes the secret.
 * Whether the session has ended is not looked at.
 */
export async function openSessionToken(
  domainKeys: DomainKeys,
  accessKeyId: string,
  token: string,
): Promise<SessionContent | undefined> {
  if (token.length > SESSION_TOKEN_CHARS_MAX || !BASE64.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64')
  // One spelling of each token: it is known by its hash.
  if (bytes.toString('base64') !== token) return undefined
  const plain = await open(domainKeys, accessKeyId, bytes)
  if (plain === undefined) return undefined
  try {
    return parse(plain)
  } finally {
    plain.fill(0)
  }
}

async function open(domainKeys: DomainKeys, accessKeyId: string, bytes: Buffer): Promise<Buffer | undefined> {
  try {
    return await domainKeys.open(subject(accessKeyId), bytes)
  } catch (error) {
    if (error instanceof TokenError) return undefined
    throw error
  }
}

/** What opened was sealed by us. */
function parse(plain: Buffer): SessionContent {
  assert.equal(plain[0], FORMAT)
  const packedAt = FACTS_AT + plain.readUInt16BE(LENGTH_AT)
  const [kind, account, entityId, facts] = JSON.parse(plain.toString('utf8', FACTS_AT, packedAt))
  const unpacked = inflateRawSync(plain.subarray(packedAt), { maxOutputLength: SESSION_UNPACKED_BYTES_MAX })
  const [policyText, policyArns, pairs, transitiveTagKeys] = JSON.parse(unpacked.toString()) as Packed
  const session: Session = {
    ...facts,
    ...(policyText === null ? {} : { policyText }),
    policyArns,
    tags: pairs.map(([key, value]) => ({ key, value })),
    transitiveTagKeys,
  }
  return { kind, account, entityId, session, secret: Buffer.from(plain.subarray(1, LENGTH_AT)) }
}
