/** authorization.md 4.5 and 7: a key with very many grants is no slower for those who rest on one of them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Grant } from '../../src/domain/grants/grant.ts'
import { ACCOUNT, createHarness, type Harness } from '../support/harness.ts'
import { givenRole, givenUser, type TestRole, type TestUser } from '../support/identities.ts'
import { newKey } from './support.ts'

const GRANTS = 5_000

const calls: string[] = []
let harness: Harness
let bob: TestUser
let role: TestRole
let KeyId: string
before(async () => {
  harness = await createHarness({ onStoreCall: (method) => calls.push(method) })
  bob = await givenUser(harness.store, ACCOUNT, 'bob')
  role = await givenRole(harness.store, ACCOUNT, 'worker')
  KeyId = (await newKey(harness)).KeyId
  const grant = (GranteePrincipal: string) =>
    harness.call('CreateGrant', { KeyId, GranteePrincipal, Operations: ['Encrypt', 'Decrypt'] })
  await grant(bob.arn)
  await grant(role.arn)
  const stored = await harness.store.listGrants({ ...KEY, keyId: KeyId }, { after: undefined, limit: 1 }, {})
  await harness.store.change(async (change) => {
    for (let index = 0; index < GRANTS; index++) await change.insertGrant(toSomebody(stored[0]!, index))
  })
})
after(() => harness.close())

const KEY = { account: ACCOUNT, region: 'eu-central-1' }

function toSomebody(grant: Grant, index: number): Grant {
  return { ...grant, grantId: index.toString(16).padStart(64, '0'), grantee: `AIDASOMEBODY${index}` }
}

/** What calls of the store a round makes, once one has warmed it up. */
async function storeCallsOf(round: () => Promise<unknown>): Promise<string[]> {
  await round()
  calls.length = 0
  for (let count = 0; count < 10; count++) await round()
  return calls.filter((method) => method !== 'changesAfter')
}

test('a warm Encrypt and Decrypt that rest on a grant do not touch the store', async () => {
  for (const principal of [bob.principal, role.session('s1')]) {
    const round = async () => {
      const { CiphertextBlob } = await harness.callAs(principal, 'Encrypt', { KeyId, Plaintext: Buffer.from('x') })
      await harness.callAs(principal, 'Decrypt', { CiphertextBlob })
    }
    assert.deepEqual(await storeCallsOf(round), [])
  }
})

test('neither does a warm call of somebody who has none', async () => {
  const nobody = await givenUser(harness.store, ACCOUNT, 'nobody')
  const round = () =>
    assert.rejects(harness.callAs(nobody.principal, 'Encrypt', { KeyId, Plaintext: Buffer.from('x') }), {
      code: 'AccessDeniedException',
    })
  assert.deepEqual(await storeCallsOf(round), [])
})

test('whom a policy allows never asks for grants, warm or cold', async () => {
  const key = await newKey(harness)
  calls.length = 0
  await harness.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.from('x') })
  assert.ok(calls.includes('findKey'), 'this call was warm')
  assert.deepEqual(
    calls.filter((method) => /grant/i.test(method)),
    [],
  )
})
