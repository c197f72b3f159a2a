/** What a grant on a key can allow: the service refuses operations that the key can never do. */
import type { GrantOperation, KeyMetadata } from '@aws-sdk/client-kms'
import { isSymmetric } from '../../keys/words.ts'

const ALWAYS: readonly GrantOperation[] = ['DescribeKey', 'CreateGrant', 'RetireGrant']

export function grantOperations(metadata: KeyMetadata): readonly GrantOperation[] {
  return [...ownOperations(metadata), ...ALWAYS]
}

function ownOperations(metadata: KeyMetadata): readonly GrantOperation[] {
  switch (metadata.KeyUsage) {
    case 'SIGN_VERIFY':
      return ['Sign', 'Verify', 'GetPublicKey']
    case 'KEY_AGREEMENT':
      return ['DeriveSharedSecret', 'GetPublicKey']
    case 'GENERATE_VERIFY_MAC':
      return ['GenerateMac', 'VerifyMac']
    default:
      return ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', ...dataKeysOrPublicKey(metadata)]
  }
}

function dataKeysOrPublicKey(metadata: KeyMetadata): readonly GrantOperation[] {
  if (!isSymmetric(metadata)) return ['GetPublicKey']
  return [
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
  ]
}
