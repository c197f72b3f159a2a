/** How each operation lets a key be named (operations.md 2.2 to 2.4); the tables are typed from there. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import {
  aliasArn,
  assertFails,
  assertValidation,
  constraint,
  keyArn,
  MISSING_KEY_ID,
  newKey,
  notVisible,
} from './support.ts'

let harness: Harness
let key: Answer
before(async () => {
  harness = await createHarness()
  key = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/mine', TargetKeyId: key.KeyId })
})
after(() => harness.close())

interface Row {
  readonly operation: string
  /** The member that names the key. */
  readonly member: string
  /** What else the request needs. */
  readonly rest: () => object | Promise<object>
  /** K+A: aliases too. */
  readonly takesAliases: boolean
  readonly permission: string
  /** The kind of key that the operation works on, if not the default one. */
  readonly kind?: object
}

let aliases = 0
const Policy = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}'

function row(operation: string, forms: 'K' | 'K+A', rest: Row['rest'] = () => ({}), member = 'KeyId'): Row {
  return { operation, member, rest, takesAliases: forms === 'K+A', permission: `kms:${operation}` }
}

const MAC_KEY = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
const SIGNING_KEY = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const AGREEMENT_KEY = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
const EXTERNAL = { Origin: 'EXTERNAL' }
const PRIMARY = { MultiRegion: true }
const WRAPPING = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
const IMPORT = {
  ImportToken: Buffer.from('x'),
  EncryptedKeyMaterial: Buffer.from('x'),
  ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
}
const Message = Buffer.from('x')
const SIGNING = { Message, SigningAlgorithm: 'ECDSA_SHA_256' }
const MAC = { Message, MacAlgorithm: 'HMAC_SHA_256' }

async function peer() {
  const { KeyId } = await newKey(harness, AGREEMENT_KEY)
  const { PublicKey } = await harness.call('GetPublicKey', { KeyId })
  return { KeyAgreementAlgorithm: 'ECDH', PublicKey }
}

const ROWS: readonly Row[] = [
  row('GenerateDataKeyPair', 'K+A', () => ({ KeyPairSpec: 'ECC_NIST_P256' })),
  row('GenerateDataKeyPairWithoutPlaintext', 'K+A', () => ({ KeyPairSpec: 'ECC_NIST_P256' })),
  { ...row('GenerateMac', 'K+A', () => MAC), kind: MAC_KEY },
  { ...row('VerifyMac', 'K+A', () => ({ ...MAC, Mac: Buffer.alloc(32) })), kind: MAC_KEY },
  { ...row('Sign', 'K+A', () => SIGNING), kind: SIGNING_KEY },
  { ...row('Verify', 'K+A', () => ({ ...SIGNING, Signature: Buffer.alloc(70) })), kind: SIGNING_KEY },
  { ...row('DeriveSharedSecret', 'K+A', peer), kind: AGREEMENT_KEY },
  { ...row('GetPublicKey', 'K+A'), kind: SIGNING_KEY },
  row('Encrypt', 'K+A', () => ({ Plaintext: Buffer.from('x') })),
  row('GenerateDataKey', 'K+A', () => ({ KeySpec: 'AES_256' })),
  row('GenerateDataKeyWithoutPlaintext', 'K+A', () => ({ KeySpec: 'AES_256' })),
  row('DescribeKey', 'K+A'),
  {
    ...row('ReEncrypt', 'K+A', () => sealed(), 'DestinationKeyId'),
    permission: 'kms:ReEncryptTo',
  },
  row('EnableKey', 'K'),
  row('DisableKey', 'K'),
  row('CancelKeyDeletion', 'K'),
  row('ScheduleKeyDeletion', 'K'),
  row('UpdateKeyDescription', 'K', () => ({ Description: 'd' })),
  row('GetKeyPolicy', 'K'),
  row('PutKeyPolicy', 'K', () => ({ Policy })),
  row('ListKeyPolicies', 'K'),
  row('ListResourceTags', 'K'),
  row('ListAliases', 'K'),
  row('TagResource', 'K', () => ({ Tags: [] })),
  row('UntagResource', 'K', () => ({ TagKeys: [] })),
  row('EnableKeyRotation', 'K'),
  row('DisableKeyRotation', 'K'),
  row('GetKeyLastUsage', 'K'),
  row('GetKeyRotationStatus', 'K'),
  row('ListKeyRotations', 'K'),
  row('RotateKeyOnDemand', 'K'),
  row('CreateGrant', 'K', () => ({ GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['Decrypt'] })),
  row('ListGrants', 'K'),
  { ...row('ReplicateKey', 'K', () => ({ ReplicaRegion: 'us-east-1' })), kind: PRIMARY },
  { ...row('UpdatePrimaryRegion', 'K', () => ({ PrimaryRegion: 'eu-central-1' })), kind: PRIMARY },
  { ...row('GetParametersForImport', 'K', () => WRAPPING), kind: EXTERNAL },
  { ...row('ImportKeyMaterial', 'K', () => IMPORT), kind: EXTERNAL },
  { ...row('DeleteImportedKeyMaterial', 'K'), kind: EXTERNAL },
]

/** They say it in other words when the key is named by an alias (3.3), and have an alias of their own. */
const ALIAS_ROWS: readonly Row[] = [
  row('CreateAlias', 'K', () => ({ AliasName: `alias/new-${++aliases}` }), 'TargetKeyId'),
  row('UpdateAlias', 'K', () => ({ AliasName: 'alias/mine' }), 'TargetKeyId'),
]

async function sealed() {
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.from('x') })
  return { CiphertextBlob }
}

async function callWith({ operation, member, rest }: Row, identifier: unknown): Promise<Answer> {
  return harness.call(operation, { ...(await rest()), [member]: identifier })
}

/** Every operation needs a key in a state that suits it, so each gets its own. */
async function freshKey({ operation, kind }: Row): Promise<Answer> {
  const fresh = await newKey(harness, kind)
  await harness.call('CreateAlias', { AliasName: `alias/fresh-${++aliases}`, TargetKeyId: fresh.KeyId })
  if (operation === 'CancelKeyDeletion') await harness.call('ScheduleKeyDeletion', { KeyId: fresh.KeyId })
  return { ...fresh, alias: `alias/fresh-${aliases}` }
}

for (const given of [...ROWS, ...ALIAS_ROWS]) {
  const { operation, member, takesAliases, permission } = given

  test(`${operation} takes a key id and a key ARN${takesAliases ? ', an alias and an alias ARN' : ''}`, async () => {
    const formsOf = ({ KeyId, Arn, alias }: Answer) =>
      takesAliases ? [KeyId, Arn, alias, aliasArn(alias)] : [KeyId, Arn]
    const forms = formsOf(await freshKey(given)).length
    for (let form = 0; form < forms; form++) {
      const fresh = await freshKey(given)
      // A wrong MAC, signature or import token is refused by the key that was found.
      await callWith(given, formsOf(fresh)[form]).catch(({ code }) => {
        assert.match(code, /^(KMSInvalidMac|KMSInvalidSignature|InvalidImportToken)Exception$/)
      })
      const record = harness.auditRecords().at(-1)
      assert.equal(record.resources.at(-1).ARN, fresh.Arn)
    }
  })

  test(`${operation} does not find what is malformed, missing or elsewhere`, async () => {
    const missing = ['NotFoundException', `Key '${keyArn(MISSING_KEY_ID)}' does not exist`] as const
    await assertFails(callWith(given, MISSING_KEY_ID), ...missing)
    await assertFails(callWith(given, keyArn(MISSING_KEY_ID)), ...missing)
    const inCapitals = key.KeyId.toUpperCase()
    await assertFails(callWith(given, inCapitals), missing[0], `Key '${keyArn(inCapitals)}' does not exist`)
    const malformed = ['no-key', 'mrk-fake-key-id', MISSING_KEY_ID.replaceAll('-', '')]
    for (const text of malformed) {
      await assertFails(callWith(given, text), 'NotFoundException', `Invalid keyId '${text}'`)
    }
    await assertFails(callWith(given, keyArn('x')), 'NotFoundException', 'Invalid keyId x')
    const elsewhere = key.Arn.replace('eu-central-1', 'us-east-1')
    await assertFails(callWith(given, elsewhere), 'NotFoundException', 'Invalid arn us-east-1')
    const otherPartition = key.Arn.replace('arn:aws:', 'arn:aws-cn:')
    const noRegion = [key.Arn.replace('eu-central-1', ''), key.Arn.replace('eu-central-1', '*')]
    const noAccount = [key.Arn.replace(ACCOUNT, ''), key.Arn.replace(ACCOUNT, '1234')]
    const malformedArns = [key.Arn.replace(':kms:', ':iam:'), otherPartition, ...noRegion, ...noAccount, 'arn:x']
    for (const arn of malformedArns) {
      await assertFails(callWith(given, arn), 'InvalidArnException', `Invalid arn ${arn}`)
    }
  })

  test(`${operation} shows nothing of another account's keys`, async () => {
    const foreign = await newKey(harness, {}, { account: OTHER_ACCOUNT })
    const text = notVisible(permission).replace(`iam::${OTHER_ACCOUNT}`, 'iam::111122223333')
    for (const arn of [foreign.Arn, keyArn(MISSING_KEY_ID, OTHER_ACCOUNT)]) {
      await assertFails(callWith(given, arn), 'AccessDeniedException', text)
    }
    // A bare id is one of the caller's own account, and there is none.
    await assertFails(
      callWith(given, foreign.KeyId),
      'NotFoundException',
      `Key '${keyArn(foreign.KeyId)}' does not exist`,
    )
  })

  test(`${operation} refuses an empty and a far too long identifier`, async () => {
    const path = `${member.charAt(0).toLowerCase()}${member.slice(1)}`
    // Recorded.
    const valueAt = (text: string) => `Value '${text}' at '${path}' failed to satisfy constraint: Member must`
    const pattern = 'satisfy regular expression pattern: ^\\p{ASCII}+$'
    await assertValidation(
      callWith(given, ''),
      `2 validation errors detected: ${valueAt('')} have length greater than or equal to 1; ${valueAt('')} ${pattern}`,
    )
    await assertValidation(callWith(given, 'キー'), constraint("'キー'", path, pattern))
    const long = 'k'.repeat(2049)
    await assertValidation(
      callWith(given, long),
      constraint(`'${long}'`, path, 'have length less than or equal to 2048'),
    )
    await assert.rejects(callWith(given, 7), { code: 'SerializationException' })
    // Required everywhere but here, where it is a filter.
    if (operation === 'ListAliases') return
    await assertValidation(callWith(given, null), constraint('null', path, 'not be null'))
  })
}

for (const given of ROWS) {
  if (given.takesAliases) {
    test(`${given.operation} does not find an alias that is missing, and shows none of another account`, async () => {
      const text = `Alias ${aliasArn('alias/none')} is not found.`
      for (const name of ['alias/none', aliasArn('alias/none')]) {
        await assertFails(callWith(given, name), 'NotFoundException', text)
      }
      await assertFails(
        callWith(given, aliasArn('alias/mine', OTHER_ACCOUNT)),
        'AccessDeniedException',
        notVisible(given.permission, '111122223333'),
      )
    })
  } else {
    test(`${given.operation} takes no alias, known or not`, async () => {
      for (const name of ['alias/mine', aliasArn('alias/mine'), 'alias/none']) {
        await assertFails(
          callWith(given, name),
          'InvalidArnException',
          'Key Aliases are not supported for this operation.',
        )
      }
    })
  }
}

test('every operation that names a key by a member has a row', async () => {
  const { operations } = await import('../../src/operations/index.ts')
  const taken = new Set([...ROWS, ...ALIAS_ROWS].map(({ operation }) => operation))
  const naming = [...operations.values()]
    .filter(({ input }) =>
      ['KeyId', 'TargetKeyId', 'DestinationKeyId'].some((name) => input.memberNames.includes(name)),
    )
    .map(({ name }) => name)
  // Decrypt compares instead of looking up, and the other two name a grant of the key; they have their own tests.
  const OWN = ['Decrypt', 'RetireGrant', 'RevokeGrant']
  assert.deepEqual(naming.filter((name) => !OWN.includes(name)).sort(), [...taken].sort())
})
