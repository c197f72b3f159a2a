/** Principals of policies at rest and in answers: authorization.md P-4 to P-7, G-13. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import { bindPolicy, showPolicy } from '../../../src/domain/identity/bound-policies.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT } from '../../support/harness.ts'
import { givenRole, givenUser } from '../../support/identities.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const refusal = (principal: string) => new KmsError('Refused', principal)

function policyFor(...AWS: readonly string[]): string {
  return JSON.stringify({ Statement: [{ Principal: { AWS, Service: 'x.amazonaws.com' }, Sid: AWS[0] }] })
}

async function bound(external: 'reject' | 'accept', ...principals: readonly string[]): Promise<string[]> {
  const text = await bindPolicy(policyFor(...principals), harness.store, external, refusal)
  return JSON.parse(text).Statement[0].Principal.AWS
}

test('users and roles are bound to their unique ids, everything else stays as it was written', async () => {
  const { arn, principal } = await givenUser(harness.store, ACCOUNT, 'bound-user')
  const role = await givenRole(harness.store, ACCOUNT, 'bound-role')
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/bound-role/s1`
  const federated = `arn:aws:sts::${ACCOUNT}:federated-user/bob`
  const root = `arn:aws:iam::${OTHER_ACCOUNT}:root`
  const given = [arn, role.arn, session, federated, root, ACCOUNT, '*', role.roleId]
  const kept = [session, federated, root, ACCOUNT, '*', role.roleId]
  assert.deepEqual(await bound('reject', ...given), [principal.entityId, role.roleId, ...kept])
  // A Sid that looks like a principal is none.
  const text = await bindPolicy(policyFor(arn), harness.store, 'reject', refusal)
  assert.equal(JSON.parse(text).Statement[0].Sid, arn)
})

test('who does not exist is refused, by name, path, case and unique id', async () => {
  await givenRole(harness.store, ACCOUNT, 'exact')
  const at = (resource: string) => `arn:aws:iam::${ACCOUNT}:${resource}`
  for (const principal of [
    at('user/nobody'),
    at('role/exact'),
    at('role/app/Exact'),
    at('role/app/nobody'),
    `arn:aws:sts::${ACCOUNT}:assumed-role/nobody/s1`,
    'AIDAGONEGONEGONEGONE1',
  ]) {
    await assert.rejects(bound('reject', ACCOUNT, principal), { code: 'Refused', text: principal })
  }
  assert.equal((await bound('reject', at('role/app/exact')))[0]!.slice(0, 4), 'AROA')
})

test('accounts that are not here are refused, or accepted unseen and unbound (P-7)', async () => {
  const foreign = ['999999999999', 'arn:aws:iam::999999999999:root', 'arn:aws:iam::999999999999:role/x/y']
  for (const principal of foreign) {
    await assert.rejects(bound('reject', principal), { code: 'Refused', text: principal })
  }
  assert.deepEqual(await bound('accept', ...foreign), foreign)
  await assert.rejects(bound('accept', `arn:aws:iam::${ACCOUNT}:user/nobody`), { code: 'Refused' })
})

test('unique ids are shown as the ARNs of today, and as they are once nobody has them', async () => {
  const { arn, principal } = await givenUser(harness.store, ACCOUNT, 'shown')
  const text = policyFor(principal.entityId, 'AROAGONEGONEGONEGONE1', ACCOUNT)
  const shown = JSON.parse(await showPolicy(text, harness.store)).Statement[0].Principal.AWS
  assert.deepEqual(shown, [arn, 'AROAGONEGONEGONEGONE1', ACCOUNT])
  const plain = policyFor(ACCOUNT)
  assert.equal(await showPolicy(plain, harness.store), plain)
})
