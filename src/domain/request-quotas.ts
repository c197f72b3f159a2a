/** AWS's request quotas (operations.md 7.2): requests per second of an account and Region. */

/** Cryptographic operations, by the kind of their keys. */
export const KEY_FAMILIES = ['symmetric', 'rsa', 'ecc', 'ml-dsa'] as const
export type KeyFamily = (typeof KEY_FAMILIES)[number]

/** Data key pairs share a row by their spec, with and without plaintext. */
export const DATA_KEY_PAIRS = 'GenerateDataKeyPair '

const SYMMETRIC = 10_000
const SYMMETRIC_IN_REGIONS: Readonly<Record<string, number>> = {
  'us-east-1': 100_000,
  'us-west-2': 100_000,
  'eu-west-1': 100_000,
  'us-east-2': 20_000,
  'ap-southeast-1': 20_000,
  'ap-southeast-2': 20_000,
  'ap-northeast-1': 20_000,
  'eu-central-1': 20_000,
  'eu-west-2': 20_000,
}

const ECC_PAIRS = 100

const ROWS: ReadonlyMap<string, number> = new Map([
  ...rows(1_000, 'rsa', 'ecc', 'ml-dsa'),
  ...rows(20, `${DATA_KEY_PAIRS}RSA_2048`),
  ...rows(4, `${DATA_KEY_PAIRS}RSA_3072`),
  ...rows(1, `${DATA_KEY_PAIRS}RSA_4096`),
  ...rows(25, `${DATA_KEY_PAIRS}SM2`),
  ...rows(2_000, 'DescribeKey', 'GetPublicKey', 'ListResourceTags'),
  ...rows(1_000, 'GetKeyPolicy', 'GetKeyRotationStatus'),
  ...rows(500, 'ListAliases', 'ListKeys'),
  ...rows(100, 'ListGrants', 'ListKeyPolicies', 'ListKeyRotations', 'ListRetirableGrants'),
  ...rows(50, 'CreateGrant', 'RetireGrant', 'RevokeGrant'),
  ...rows(15, 'DeleteAlias', 'DeleteImportedKeyMaterial', 'EnableKeyRotation', 'ImportKeyMaterial'),
  ...rows(15, 'PutKeyPolicy', 'ScheduleKeyDeletion'),
  ...rows(10, 'TagResource'),
  ...rows(5, 'CancelKeyDeletion', 'CreateAlias', 'CreateKey', 'DisableKey', 'DisableKeyRotation', 'EnableKey'),
  ...rows(5, 'GetKeyLastUsage', 'ReplicateKey', 'RotateKeyOnDemand', 'UntagResource', 'UpdateAlias'),
  ...rows(5, 'UpdateKeyDescription', 'UpdatePrimaryRegion'),
  ...rows(5, 'ConnectCustomKeyStore', 'CreateCustomKeyStore', 'DeleteCustomKeyStore'),
  ...rows(5, 'DescribeCustomKeyStores', 'DisconnectCustomKeyStore', 'UpdateCustomKeyStore'),
  ...rows(1, 'GetParametersForImport'),
])

function rows(most: number, ...names: readonly string[]): readonly (readonly [string, number])[] {
  return names.map((name) => [name, most])
}

/** `undefined`: AWS has none. */
export function awsRequestQuota(row: string, region: string): number | undefined {
  if (row === 'symmetric') return SYMMETRIC_IN_REGIONS[region] ?? SYMMETRIC
  return ROWS.get(row) ?? (row.startsWith(`${DATA_KEY_PAIRS}ECC_`) ? ECC_PAIRS : undefined)
}
