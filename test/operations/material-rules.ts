/** Rules that hold alike for every operation that works with a key's material (operations.md 3.0, 5.2; authorization.md A-6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
  grantTokenOf,
  insertKey,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
  moveTo,
  newKey,
  notVisible,
  resource,
} from './support.ts'

export interface MaterialOperation {
  readonly operation: string
  /** What CreateKey makes a fitting key of. */
  readonly kind: object
  /** Members of a call that succeeds, but for the key. */
  body(key: Answer): Promise<object>
  /** The call's requestParameters, but for the key (audit.md 4.1). */
  readonly audited: object
  /** For operations with symmetric keys. */
  readonly showsMaterial?: boolean
  /** The key usage that the operation needs. */
  readonly keyUsage: string
}

/** Declares the tests; `harness` is asked for when they run. */
export function testMaterialRules(harness: () => Harness, subject: MaterialOperation): void {
  const { operation, kind } = subject
  const call = async (key: Answer, more: object = {}, caller?: object) =>
    harness().call(operation, { KeyId: key.KeyId, ...(await subject.body(key)), ...more }, caller)

  test(`${operation} needs an enabled key`, async () => {
    const key = await newKey(harness(), kind)
    const body = { KeyId: key.KeyId, ...(await subject.body(key)) }
    await moveTo(harness(), key.KeyId, 'Disabled')
    await assertFails(harness().call(operation, body), 'DisabledException', `${key.Arn} is disabled.`)
    await moveTo(harness(), key.KeyId, 'PendingDeletion')
    for (const DryRun of [false, true]) {
      const work = harness().call(operation, { ...body, DryRun })
      await assertFails(work, 'KMSInvalidStateException', `${key.Arn} is pending deletion.`)
    }
  })

  test(`${operation} with DryRun makes nothing and says that it would have; false is absence`, async () => {
    const key = await newKey(harness(), kind)
    await assertFails(call(key, { DryRun: true }), ...DRY_RUN)
    const { errorCode, resources } = lastRecord(harness())
    assert.deepEqual(
      { errorCode, resources },
      { errorCode: 'DryRunOperationException', resources: [resource(key.Arn)] },
    )
    assert.equal((await call(key, { DryRun: false })).KeyId, key.Arn)
  })

  test(`${operation} does not say whether another account's key exists`, async () => {
    const key = await newKey(harness(), kind)
    const body = await subject.body(key)
    for (const KeyId of [key.Arn, keyArn(MISSING_KEY_ID)]) {
      const work = harness().call(operation, { ...body, KeyId }, { account: OTHER_ACCOUNT })
      await assertFails(work, 'AccessDeniedException', notVisible(`kms:${operation}`))
      assert.deepEqual(lastRecord(harness()).resources, [])
    }
    // A bare id never leaves the caller's own account (operations.md 2.3).
    await assertFails(
      harness().call(operation, { ...body, KeyId: key.KeyId }, { account: OTHER_ACCOUNT }),
      'NotFoundException',
      `Key '${keyArn(key.KeyId, OTHER_ACCOUNT)}' does not exist`,
    )
  })

  test(`${operation} refuses keys of another usage, in whatever state they are (recorded)`, async () => {
    const key = await newKey(harness(), kind)
    const body = await subject.body(key)
    const others = [
      { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      { spec: 'RSA_2048', usage: 'SIGN_VERIFY' },
      { spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' },
      { spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    ] as const
    for (const facts of others) {
      if (facts.usage === subject.keyUsage) continue
      const other = await insertKey(harness(), facts)
      const use = () => harness().call(operation, { ...body, KeyId: other.keyId })
      const text = `${other.arn} key usage is ${facts.usage} which is not valid for ${operation}.`
      await assertFails(use(), 'InvalidKeyUsageException', text)
      await moveTo(harness(), other.keyId, 'Disabled')
      await assertFails(use(), 'InvalidKeyUsageException', text)
    }
  })

  test(`${operation} takes ten grant tokens at most`, async () => {
    const key = await newKey(harness(), kind)
    await call(key, { GrantTokens: [await grantTokenOf(harness(), key.KeyId)] })
    const eleven = Array(11).fill('t')
    const shown = `'[${eleven.join(', ')}]'`
    await assertValidation(
      call(key, { GrantTokens: eleven }),
      constraint(shown, 'grantTokens', 'have length less than or equal to 10'),
    )
  })

  test(`the audit record of ${operation} holds what audit.md 4.1 lists and nothing else`, async () => {
    const key = await newKey(harness(), kind)
    await call(key, { GrantTokens: [await grantTokenOf(harness(), key.KeyId)] })
    const additional = subject.showsMaterial && { additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId } }
    assert.deepEqual(lastRecord(harness()), {
      eventName: operation,
      readOnly: true,
      requestParameters: { keyId: key.KeyId, ...subject.audited },
      responseElements: null,
      ...additional,
      resources: [resource(key.Arn)],
    })
  })
}
