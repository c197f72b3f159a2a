/**
 * The bytes of a grant token (docs/formats/grant-token.md): which grant it is about, and that we said so.
 *
 *   offset  0  format 01                              1
 *           1  nonce: no two tokens are the same      12
 *          13  grant id                               32
 *          45  u16be(length) ‖ account                2+n
 *              u16be(length) ‖ Region                 2+m
 *              u16be(length) ‖ key id                 2+k
 *              HMAC-SHA-256 of all before it          32
 *
 * It is no secret and allows nothing: whoever has it still must be what the grant says.
 */
import type { KeyObject } from 'node:crypto'
import { field, u8 } from './bytes.ts'
import { equalInConstantTime, hmacSha256 } from './hash.ts'

const LABEL = field('kms:grant-token:v1')
const FORMAT = 1
const NONCE_BYTES = 12
const GRANT_ID_AT = 1 + NONCE_BYTES
const NAMES_AT = GRANT_ID_AT + 32
const MAC_BYTES = 32

export const GRANT_TOKEN_NONCE_BYTES = NONCE_BYTES

export interface GrantTokenContent {
  /** 64 hex digits. */
  readonly grantId: string
  readonly account: string
  readonly region: string
  readonly keyId: string
}

export function encodeGrantToken(secret: KeyObject, nonce: Buffer, content: GrantTokenContent): Buffer {
  const { grantId, account, region, keyId } = content
  const names = [field(account), field(region), field(keyId)]
  const body = Buffer.concat([u8(FORMAT), nonce, Buffer.from(grantId, 'hex'), ...names])
  return Buffer.concat([body, macOf(secret, body)])
}

/** `undefined` for everything that {@link encodeGrantToken} did not make with this secret. */
export function decodeGrantToken(secret: KeyObject, token: Buffer): GrantTokenContent | undefined {
  const end = token.length - MAC_BYTES
  if (end < NAMES_AT || token[0] !== FORMAT) return undefined
  const body = token.subarray(0, end)
  if (!equalInConstantTime(macOf(secret, body), token.subarray(end))) return undefined
  const [account, region, keyId] = fieldsFrom(body, NAMES_AT) as [string, string, string]
  return { grantId: body.toString('hex', GRANT_ID_AT, NAMES_AT), account, region, keyId }
}

function macOf(secret: KeyObject, body: Buffer): Buffer {
  return hmacSha256(secret, Buffer.concat([LABEL, body]))
}

/** @param body authenticated, so its lengths are ours. */
function fieldsFrom(body: Buffer, start: number): string[] {
  const fields: string[] = []
  for (let at = start; at < body.length; ) {
    const end = at + 2 + body.readUInt16BE(at)
    fields.push(body.toString('utf8', at + 2, end))
    at = end
  }
  return fields
}
