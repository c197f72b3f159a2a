/** What a refused caller is told: the kind of policy, and more only where the operator wants it so (authorization.md X-3). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newKey } from '../operations/support.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'
import { givenUser, policyOf, type TestUser } from '../support/identities.ts'

const logged: { readonly level: string; readonly fields: Record<string, unknown>; readonly message: string }[] = []
const note = (level: string) => (fields: object, message: string) =>
  void logged.push({ level, fields: fields as Record<string, unknown>, message })
const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }

const ALLOW = { Effect: 'Allow', Action: '*', Resource: '*' }
const DENY = { Sid: 'NoDecrypt', Effect: 'Deny', Action: 'kms:DisableKey', Resource: '*' }
const DELEGATION = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' }
const BOUNDARY = `arn:aws:iam::${ACCOUNT}:policy/limits`

let plain: Harness
let verbose: Harness

before(async () => {
  plain = await createHarness({ log })
  verbose = await createHarness({ verboseDenials: true })
  for (const harness of [plain, verbose]) {
    await harness.call('CreatePolicy', { PolicyName: 'limits', PolicyDocument: policyOf([ALLOW, DENY]) })
  }
})

after(async () => {
  await plain.close()
  await verbose.close()
})

async function textOf(harness: Harness, user: TestUser, operation: string, body: object): Promise<string> {
  try {
    await harness.callAs(user.principal, operation, body)
  } catch (error) {
    return (error as Error).message
  }
  assert.fail('the call was allowed')
}

const refusal = (user: TestUser, KeyId: string, kind: string) =>
  `User: ${user.arn} is not authorized to perform: kms:DisableKey on resource: ` +
  `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId} with an explicit deny in ${kind}`

test('by default no policy and no statement is named; audit record and log have them', async () => {
  const alice = await givenUser(plain.store, ACCOUNT, 'denied', [ALLOW, DENY])
  const { KeyId } = await newKey(plain)
  logged.length = 0
  const text = await textOf(plain, alice, 'DisableKey', { KeyId })
  assert.equal(text, refusal(alice, KeyId, 'an identity-based policy'))
  const { additionalEventData } = plain.auditRecords().at(-1)
  const resource = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId}`
  const decided = { decidedBy: 'identity-based policy', policyId: 'rights', statement: 1, sid: 'NoDecrypt' }
  assert.deepEqual(additionalEventData.authorization, { action: 'kms:DisableKey', resource, ...decided })
  const [line] = logged.filter(({ message }) => message === 'a request was refused')
  assert.equal(line!.level, 'debug')
  const { requestId, ...fields } = line!.fields
  assert.match(String(requestId), /^[0-9a-f-]{36}$/)
  assert.deepEqual(fields, { caller: alice.arn, action: 'kms:DisableKey', resource, ...decided })
})

test('on request a deny is named: policy and statement', async () => {
  const inline = await givenUser(verbose.store, ACCOUNT, 'inline', [ALLOW, DENY])
  const bounded = await givenUser(verbose.store, ACCOUNT, 'bounded', ALLOW, BOUNDARY)
  const free = await givenUser(verbose.store, ACCOUNT, 'free', ALLOW)
  const { KeyId } = await newKey(verbose)
  assert.equal(
    await textOf(verbose, inline, 'DisableKey', { KeyId }),
    `${refusal(inline, KeyId, 'an identity-based policy')}: rights, statement 2 (Sid "NoDecrypt")`,
  )
  // AWS's newer form for managed policies begins so: `: <policy ARN>`.
  assert.equal(
    await textOf(verbose, bounded, 'DisableKey', { KeyId }),
    `${refusal(bounded, KeyId, 'a permissions boundary')}: ${BOUNDARY}, statement 2 (Sid "NoDecrypt")`,
  )
  const Deny = { Effect: 'Deny', Principal: { AWS: free.arn }, Action: 'kms:DisableKey', Resource: '*' }
  await verbose.call('PutKeyPolicy', { KeyId, Policy: policyOf([DELEGATION, Deny]) })
  assert.equal(
    await textOf(verbose, free, 'DisableKey', { KeyId }),
    `${refusal(free, KeyId, 'a resource-based policy')}: statement 2`,
  )
})

test('what is missing, and what a foreign caller must not know, is told as ever', async () => {
  const nobody = await givenUser(verbose.store, ACCOUNT, 'nobody')
  const guest = await givenUser(verbose.store, OTHER_ACCOUNT, 'guest', ALLOW)
  const { KeyId, Arn } = await newKey(verbose)
  const missing = await textOf(verbose, nobody, 'DescribeKey', { KeyId })
  assert.match(missing, /because no identity-based policy allows the kms:DescribeKey action$/)
  const Deny = { Sid: 'Guests', Effect: 'Deny', Principal: { AWS: OTHER_ACCOUNT }, Action: 'kms:*', Resource: '*' }
  await verbose.call('PutKeyPolicy', { KeyId, Policy: policyOf([DELEGATION, Deny]) })
  const foreign = await textOf(verbose, guest, 'DescribeKey', { KeyId: Arn })
  assert.match(foreign, /or a resource-based policy explicitly denies access$/)
  assert.doesNotMatch(foreign, /Guests|statement/)
})
