/** Grant tokens (authorization.md 4.4): what CreateGrant hands out so that its grant is seen before every node knows of it. */
import { Base64Error, decodeBase64 } from '../../base/base64.ts'
import { KmsError } from '../../base/errors.ts'
import { decodeGrantToken, encodeGrantToken, GRANT_TOKEN_NONCE_BYTES } from '../../crypto/grant-token.ts'
import type { RandomSource } from '../../crypto/random.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { GrantName } from './grant.ts'

/** Makes tokens without waiting for anything, so also inside a change. */
export type IssueGrantToken = (grant: GrantName) => string

export interface GrantTokens {
  /** Not within a transaction: the first call of an installation makes the key of tokens. */
  issuer(): Promise<IssueGrantToken>
  /** The grant that a token is about, which may be gone. @throws {KmsError} `InvalidGrantTokenException` for one that is not ours. */
  read(token: string): Promise<GrantName>
}

export function createGrantTokens(
  domainKeys: Pick<DomainKeys, 'grantTokenKey' | 'findGrantTokenKey'>,
  random: RandomSource,
): GrantTokens {
  return {
    async issuer() {
      const secret = await domainKeys.grantTokenKey()
      return (grant) => encodeGrantToken(secret, random.nonce(GRANT_TOKEN_NONCE_BYTES), grant).toString('base64')
    },
    async read(token) {
      const bytes = bytesOf(token)
      const secret = await domainKeys.findGrantTokenKey()
      const name = secret && decodeGrantToken(secret, bytes)
      if (name === undefined) throw invalidGrantToken()
      return name
    },
  }
}

function bytesOf(token: string): Buffer {
  try {
    return decodeBase64(token)
  } catch (error) {
    if (error instanceof Base64Error) throw invalidGrantToken()
    throw error
  }
}

/** AWS's text is not known. */
export function invalidGrantToken(): KmsError {
  return new KmsError('InvalidGrantTokenException')
}
