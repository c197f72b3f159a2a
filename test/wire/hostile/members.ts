/** Members of the wrong type, or that break a constraint (operations.md 1.5, 1.7, 2.4 and the tables of section 3). */
import { PRINTED } from '../../support/key-kinds.ts'
import { type Expected, type HostileCase, serialization, validation, violation } from './hostile-case.ts'

const NUMBER = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber'
const BOOLEAN = 'class java.lang.Boolean'
const STRING = 'class java.lang.String'
const OBJECT_GIVEN = 'Start of structure or map found where not expected.'
const ARRAY_GIVEN = 'Start of list found where not expected'
const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const ONE_BLOB = 'AAAA'

type Row = readonly [operation: string, input: object, expected: Expected]

const TYPES: readonly Row[] = [
  ['DescribeKey', { KeyId: 1 }, serialization(`${NUMBER} can not be converted to an String`)],
  ['DescribeKey', { KeyId: 1.5 }, serialization(`${NUMBER} can not be converted to an String`)],
  ['DescribeKey', { KeyId: true }, serialization(`${BOOLEAN} can not be converted to an String`)],
  ['DescribeKey', { KeyId: {} }, serialization(OBJECT_GIVEN)],
  ['DescribeKey', { KeyId: [] }, serialization(ARRAY_GIVEN)],
  ['DescribeKey', { KeyId: [ID] }, serialization(ARRAY_GIVEN)],
  ['Encrypt', { KeyId: ID, Plaintext: 1 }, serialization(`${NUMBER} can not be converted to a Blob`)],
  ['Encrypt', { KeyId: ID, Plaintext: false }, serialization(`${BOOLEAN} can not be converted to a Blob`)],
  ['Encrypt', { KeyId: ID, Plaintext: { type: 'Buffer', data: [1] } }, serialization(OBJECT_GIVEN)],
  ['Encrypt', { KeyId: ID, Plaintext: [1, 2, 3] }, serialization(ARRAY_GIVEN)],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, DryRun: 1 },
    serialization(`${NUMBER} can not be converted to an Boolean`),
  ],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, DryRun: 'maybe' },
    serialization(`'MAYBE' can not be converted to an Boolean`),
  ],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, DryRun: '' }, serialization(`'' can not be converted to an Boolean`)],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, DryRun: {} }, serialization(OBJECT_GIVEN)],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, DryRun: [true] }, serialization(ARRAY_GIVEN)],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: 'a' }, serialization('Expected list or null')],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: 1 }, serialization('Expected list or null')],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: false }, serialization('Expected list or null')],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: {} }, serialization(OBJECT_GIVEN)],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: [1] },
    serialization(`${NUMBER} can not be converted to an String`),
  ],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: [['a']] }, serialization(ARRAY_GIVEN)],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: 'a=b' }, serialization('Expected map or null')],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: 7 }, serialization('Expected map or null')],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: true }, serialization('Expected map or null')],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: [] }, serialization(ARRAY_GIVEN)],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: { a: 1 } },
    serialization(`${NUMBER} can not be converted to an String`),
  ],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: { a: true } },
    serialization(`${BOOLEAN} can not be converted to an String`),
  ],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: { a: {} } }, serialization(OBJECT_GIVEN)],
  ['Encrypt', { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: { a: ['b'] } }, serialization(ARRAY_GIVEN)],
  ['GenerateRandom', { NumberOfBytes: '32' }, serialization(`${STRING} can not be converted to an Integer`)],
  ['GenerateRandom', { NumberOfBytes: true }, serialization(`${BOOLEAN} can not be converted to an Integer`)],
  ['GenerateRandom', { NumberOfBytes: {} }, serialization(OBJECT_GIVEN)],
  ['GenerateRandom', { NumberOfBytes: [32] }, serialization(ARRAY_GIVEN)],
  ['GenerateRandom', { NumberOfBytes: '' }, serialization(`${STRING} can not be converted to an Integer`)],
  ['CreateKey', { Tags: 'a' }, serialization('Expected list or null')],
  ['CreateKey', { Tags: { TagKey: 'a', TagValue: 'b' } }, serialization(OBJECT_GIVEN)],
  ['CreateKey', { Tags: ['a'] }, serialization('Expected null')],
  ['CreateKey', { Tags: [1] }, serialization('Expected null')],
  ['CreateKey', { Tags: [[]] }, serialization(ARRAY_GIVEN)],
  ['CreateKey', { Tags: [{ TagKey: 1, TagValue: 'b' }] }, serialization(`${NUMBER} can not be converted to an String`)],
  ['CreateKey', { MultiRegion: 1 }, serialization(`${NUMBER} can not be converted to an Boolean`)],
  ['CreateKey', { KeyUsage: 5 }, serialization(`${NUMBER} can not be converted to an String`)],
  ['CreateKey', { Description: { text: 'a' } }, serialization(OBJECT_GIVEN)],
  ['ListKeys', { Limit: '10' }, serialization(`${STRING} can not be converted to an Integer`)],
  ['ListKeys', { Limit: false }, serialization(`${BOOLEAN} can not be converted to an Integer`)],
  ['ListKeys', { Marker: 10 }, serialization(`${NUMBER} can not be converted to an String`)],
  ['Decrypt', { CiphertextBlob: 1 }, serialization(`${NUMBER} can not be converted to a Blob`)],
]

/** Not base64 as AWS reads it; the text is echoed where the member is no secret. */
const BASE64: readonly (readonly [text: string, complaint: string])[] = [
  ['A', 'Base64 encoded length is expected a multiple of 4 bytes but found: 1'],
  ['AA', 'Base64 encoded length is expected a multiple of 4 bytes but found: 2'],
  ['AAA', 'Base64 encoded length is expected a multiple of 4 bytes but found: 3'],
  ['AAAAA', 'Base64 encoded length is expected a multiple of 4 bytes but found: 5'],
  ['AAA*', `Invalid Base64 character: '*'`],
  ['A*AA', `Invalid Base64 character: '*'`],
  ['AA-_', `Invalid Base64 character: '-'`],
  ['A A=', `Invalid Base64 character: ' '`],
  ['AAA\n', `Invalid Base64 character: '\n'`],
  ['AA=A', `Invalid Base64 character: '='`],
  ['=AAA', `Invalid Base64 character: '='`],
  ['====', `Invalid Base64 character: '='`],
  ['A===', `Invalid Base64 character: '='`],
  ['AAAé', `Invalid Base64 character: 'é'`],
  ['AAA\0', `Invalid Base64 character: '\0'`],
  ['AB==', 'Invalid last non-pad Base64 character dectected'],
  ['AAB=', 'Invalid last non-pad Base64 character dectected'],
  ['//+/Z/==', 'Invalid last non-pad Base64 character dectected'],
]

const LONG_TAG = { TagKey: 'k'.repeat(129), TagValue: 'v' }

const CONSTRAINTS: readonly Row[] = [
  ['DescribeKey', {}, violation(`Value null at 'keyId'`, 'not be null')],
  ['DescribeKey', { KeyId: null }, violation(`Value null at 'keyId'`, 'not be null')],
  ['DescribeKey', { keyid: ID }, violation(`Value null at 'keyId'`, 'not be null')],
  ['DescribeKey', { KEYID: ID }, violation(`Value null at 'keyId'`, 'not be null')],
  [
    'DescribeKey',
    { KeyId: '' },
    validation(
      `2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$`,
    ),
  ],
  [
    'DescribeKey',
    { KeyId: '🔑' },
    violation(`Value '🔑' at 'keyId'`, 'satisfy regular expression pattern: ^\\p{ASCII}+$'),
  ],
  [
    'DescribeKey',
    { KeyId: 'x'.repeat(2049) },
    violation(`Value '${'x'.repeat(2049)}' at 'keyId'`, 'have length less than or equal to 2048'),
  ],
  ['EnableKey', {}, violation(`Value null at 'keyId'`, 'not be null')],
  ['DisableKey', {}, violation(`Value null at 'keyId'`, 'not be null')],
  ['ScheduleKeyDeletion', {}, violation(`Value null at 'keyId'`, 'not be null')],
  ['GetKeyPolicy', {}, violation(`Value null at 'keyId'`, 'not be null')],
  ['ListResourceTags', {}, violation(`Value null at 'keyId'`, 'not be null')],
  ['CancelKeyDeletion', {}, violation(`Value null at 'keyId'`, 'not be null')],
  [
    'Encrypt',
    {},
    validation(
      `2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; Value at 'plaintext' failed to satisfy constraint: Member must not be null`,
    ),
  ],
  ['Encrypt', { KeyId: ID }, violation(`Value at 'plaintext'`, 'not be null')],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: '' },
    violation(`Value at 'plaintext'`, 'have length greater than or equal to 1'),
  ],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: 'AAAA'.repeat(1366) },
    violation(`Value at 'plaintext'`, 'have length less than or equal to 4096'),
  ],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, EncryptionAlgorithm: 'AES' },
    violation(
      `Value 'AES' at 'encryptionAlgorithm'`,
      'satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]',
    ),
  ],
  ['Decrypt', { CiphertextBlob: '' }, violation(`Value at 'ciphertextBlob'`, 'have length greater than or equal to 1')],
  [
    'Decrypt',
    { CiphertextBlob: 'AAAA'.repeat(2049) },
    violation(`Value at 'ciphertextBlob'`, 'have length less than or equal to 6144'),
  ],
  [
    'GenerateRandom',
    { NumberOfBytes: 0 },
    violation(`Value '0' at 'numberOfBytes'`, 'have value greater than or equal to 1'),
  ],
  [
    'GenerateRandom',
    { NumberOfBytes: -1 },
    violation(`Value '-1' at 'numberOfBytes'`, 'have value greater than or equal to 1'),
  ],
  [
    'GenerateRandom',
    { NumberOfBytes: 0.9 },
    violation(`Value '0' at 'numberOfBytes'`, 'have value greater than or equal to 1'),
  ],
  [
    'GenerateRandom',
    { NumberOfBytes: 1025 },
    violation(`Value '1025' at 'numberOfBytes'`, 'have value less than or equal to 1024'),
  ],
  [
    'GenerateRandom',
    { NumberOfBytes: 2147483648 },
    violation(`Value '2147483648' at 'numberOfBytes'`, 'have value less than or equal to 1024'),
  ],
  ['GenerateRandom', {}, validation('NumberOfBytes is required.')],
  ['GenerateRandom', { numberofbytes: 32 }, validation('NumberOfBytes is required.')],
  [
    'GenerateDataKey',
    { KeyId: ID, KeySpec: 'AES_512' },
    violation(`Value 'AES_512' at 'keySpec'`, `satisfy enum value set: [${PRINTED.keySpec}]`),
  ],
  ['GenerateDataKey', { KeyId: ID }, validation('Please specify either number of bytes or key spec.')],
  [
    'GenerateDataKey',
    { KeyId: ID, KeySpec: 'AES_256', NumberOfBytes: 32 },
    validation('Please specify either number of bytes or key spec.'),
  ],
  [
    'GenerateDataKey',
    { KeyId: ID, NumberOfBytes: 1025 },
    violation(`Value '1025' at 'numberOfBytes'`, 'have value less than or equal to 1024'),
  ],
  [
    'CreateKey',
    { KeySpec: 'AES' },
    violation(`Value 'AES' at 'keySpec'`, `satisfy enum value set: [${PRINTED.keySpec}]`),
  ],
  [
    'CreateKey',
    { KeyUsage: 'encrypt_decrypt' },
    violation(
      `Value 'encrypt_decrypt' at 'keyUsage'`,
      'satisfy enum value set: [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT]',
    ),
  ],
  [
    'CreateKey',
    { Origin: 'HERE' },
    violation(
      `Value 'HERE' at 'origin'`,
      'satisfy enum value set: [EXTERNAL, EXTERNAL_KEY_STORE, AWS_CLOUDHSM, AWS_KMS]',
    ),
  ],
  [
    'CreateKey',
    { Description: 'd'.repeat(8193) },
    violation(`Value '${'d'.repeat(8193)}' at 'description'`, 'have length less than or equal to 8192'),
  ],
  ['CreateKey', { Tags: [{ TagValue: 'v' }] }, violation(`Value null at 'tags.1.member.tagKey'`, 'not be null')],
  ['CreateKey', { Tags: [{ TagKey: 'k' }] }, violation(`Value null at 'tags.1.member.tagValue'`, 'not be null')],
  [
    'CreateKey',
    { Tags: [{ TagKey: 'k', TagValue: 'v' }, LONG_TAG] },
    violation(`Value '${LONG_TAG.TagKey}' at 'tags.2.member.tagKey'`, 'have length less than or equal to 128'),
  ],
  [
    'CreateKey',
    { Tags: [{ TagKey: 'a:b', TagValue: 'v'.repeat(257) }] },
    violation(`Value '${'v'.repeat(257)}' at 'tags.1.member.tagValue'`, 'have length less than or equal to 256'),
  ],
  [
    'CreateKey',
    { Tags: [{ TagKey: '', TagValue: '' }] },
    violation(`Value '' at 'tags.1.member.tagKey'`, 'have length greater than or equal to 1'),
  ],
  ['ListKeys', { Limit: 0 }, violation(`Value '0' at 'limit'`, 'have value greater than or equal to 1')],
  ['ListKeys', { Limit: 1001 }, violation(`Value '1001' at 'limit'`, 'have value less than or equal to 1000')],
  ['ListKeys', { Limit: 1e300 }, validation(/^1 validation error detected: Value '.*' at 'limit' failed/)],
  ['ListKeys', { Marker: '' }, violation(`Value '' at 'marker'`, 'have length greater than or equal to 1')],
  ['ListKeys', { Marker: 'zzz' }, { status: 400, type: 'InvalidMarkerException', text: null }],
  [
    'CreateAlias',
    { AliasName: 'alias/a b', TargetKeyId: ID },
    violation(`Value 'alias/a b' at 'aliasName'`, 'satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$'),
  ],
  [
    'CreateAlias',
    { AliasName: 'alias/a\n', TargetKeyId: ID },
    violation(`Value 'alias/a\n' at 'aliasName'`, 'satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$'),
  ],
  [
    'CreateAlias',
    { AliasName: 'nothing', TargetKeyId: ID },
    validation(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    ),
  ],
  [
    'CreateAlias',
    { AliasName: 'alias/aws/s3', TargetKeyId: ID },
    { status: 400, type: 'NotAuthorizedException', text: null },
  ],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: [''] },
    validation(/at 'grantTokens' failed to satisfy constraint: Member must satisfy constraint: \[/),
  ],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, GrantTokens: Array.from({ length: 11 }, () => 'a') },
    validation(/at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10$/),
  ],
  ['Encrypt', { KeyId: '\ud800', Plaintext: ONE_BLOB }, validation(/^1 validation error detected: Value at 'keyId' /)],
  [
    'Encrypt',
    { KeyId: ID, Plaintext: ONE_BLOB, EncryptionContext: { a: '\udfff' } },
    validation(/^1 validation error detected: /),
  ],
]

const missing = (keyId: string): Expected => ({
  status: 400,
  type: 'NotFoundException',
  text: `Key 'arn:aws:kms:eu-central-1:111122223333:key/${keyId}' does not exist`,
})
const invalidKeyId = (value: string): Expected => ({
  status: 400,
  type: 'NotFoundException',
  text: `Invalid keyId ${value}`,
})

const IDENTIFIERS: readonly Row[] = [
  ...[
    'x',
    ' ',
    '*',
    '../../etc/passwd',
    '1234abcd12ab34cd56ef1234567890ab',
    'mrk-fake-key-id',
    `${ID}\0`,
    `'; DROP TABLE keys;--`,
    '{}',
    '%00',
    'Alias/a',
  ].map((keyId): Row => ['DescribeKey', { KeyId: keyId }, invalidKeyId(`'${keyId}'`)]),
  ['DescribeKey', { KeyId: ID.toUpperCase() }, missing(ID.toUpperCase())],
  ['DescribeKey', { KeyId: ID }, missing(ID)],
  ['DescribeKey', { KeyId: 'mrk-1234abcd12ab34cd56ef1234567890ab' }, missing('mrk-1234abcd12ab34cd56ef1234567890ab')],
  ['DescribeKey', { KeyId: `arn:aws:kms:eu-central-1:111122223333:key/${ID}` }, missing(ID)],
  [
    'DescribeKey',
    { KeyId: `arn:aws:kms:us-east-1:111122223333:key/${ID}` },
    { status: 400, type: 'NotFoundException', text: 'Invalid arn us-east-1' },
  ],
  ['DescribeKey', { KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/x' }, invalidKeyId('x')],
  [
    'DescribeKey',
    { KeyId: `arn:aws:kms:eu-central-1:999999999999:key/${ID}` },
    {
      status: 400,
      type: 'AccessDeniedException',
      text: /is not authorized to perform: kms:DescribeKey on this resource because/,
    },
  ],
  [
    'DescribeKey',
    { KeyId: 'alias/nobody' },
    {
      status: 400,
      type: 'NotFoundException',
      text: 'Alias arn:aws:kms:eu-central-1:111122223333:alias/nobody is not found.',
    },
  ],
  [
    'EnableKey',
    { KeyId: 'alias/nobody' },
    { status: 400, type: 'InvalidArnException', text: 'Key Aliases are not supported for this operation.' },
  ],
  ['Decrypt', { CiphertextBlob: ONE_BLOB }, { status: 400, type: 'InvalidCiphertextException', text: null }],
  [
    'Decrypt',
    { CiphertextBlob: 'AQICAHh'.padEnd(248, 'A') },
    { status: 400, type: 'InvalidCiphertextException', text: null },
  ],
]

function cases(group: string, rows: readonly Row[]): HostileCase[] {
  return rows.map(([operation, input, expected]) => {
    const body = JSON.stringify(input)
    return { name: `${group}: ${operation} ${body.slice(0, 100)}`, operation, body, expected }
  })
}

export const members: readonly HostileCase[] = [
  ...cases('type', TYPES),
  ...cases('constraint', CONSTRAINTS),
  ...cases('identifier', IDENTIFIERS),
  ...BASE64.flatMap(([text, complaint]) => [
    ...cases('base64', [
      ['Decrypt', { CiphertextBlob: text }, serialization(`can not be converted to a Blob: ${complaint}`)],
      ['Encrypt', { KeyId: ID, Plaintext: text }, serialization(`can not be converted to a Blob: ${complaint}`)],
    ]),
  ]),
]
