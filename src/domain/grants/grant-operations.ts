/** What a grant may be asked for, by the kind of its key (authorization.md 4.2, operations.md 3.5). */
import { validationError } from '../../base/errors.ts'
import type { Key } from '../keys/key.ts'
import { keyTypeOf } from '../keys/key-specs.ts'
import type { GrantOperation } from './grant.ts'

/** Every key's, in the order of the recorded message. */
const ALWAYS: readonly GrantOperation[] = ['CreateGrant', 'RetireGrant', 'DescribeKey']

const CIPHER: readonly GrantOperation[] = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo']

const DATA_KEYS: readonly GrantOperation[] = [
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
]

type Kind = Pick<Key, 'spec' | 'usage'>

function ownOperations({ spec, usage }: Kind): readonly GrantOperation[] {
  switch (usage) {
    case 'ENCRYPT_DECRYPT':
      return keyTypeOf(spec) === 'SYMMETRIC' ? [...CIPHER, ...DATA_KEYS] : [...CIPHER, 'GetPublicKey']
    case 'SIGN_VERIFY':
      return ['Sign', 'Verify', 'GetPublicKey']
    case 'KEY_AGREEMENT':
      return ['DeriveSharedSecret', 'GetPublicKey']
    case 'GENERATE_VERIFY_MAC':
      return ['GenerateMac', 'VerifyMac']
  }
}

export function grantableOperations(key: Kind): readonly GrantOperation[] {
  return [...ALWAYS, ...ownOperations(key)]
}

/** @throws {KmsError} `ValidationException` if the key can never do one of them. */
export function checkGrantOperations(key: Kind, operations: readonly GrantOperation[]): void {
  const valid = grantableOperations(key)
  const others = operations.filter((operation) => !valid.includes(operation))
  if (others.length === 0) return
  const kind = keyTypeOf(key.spec) === 'ASYMMETRIC' ? 'an asymmetric' : 'a symmetric'
  throw validationError(
    `Operations [${others.join(', ')}] are not supported when creating a grant for ${kind} KMS key with key usage ` +
      `${key.usage}. Valid operations are [${valid.join(', ')}]`,
  )
}
