/** The first user of an installation (authorization.md 6.1, 6.6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertAdministrator, newAdministrator } from '../../../src/domain/identity/administrator.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { createHarness } from '../../support/harness.ts'

test('is an administrator by a policy that is attached to it, and is made only where there is no account', async (context) => {
  const harness = await createHarness()
  context.after(() => harness.close())
  const { store, service, clock } = harness
  const { random, domainKeys } = service
  const administrator = newAdministrator('999988887777', random)
  await insertAdministrator({ store, domainKeys, random }, administrator, clock.now())
  assert.equal(await store.hasAccount('999988887777'), false, 'the harness has accounts already')

  const empty = await openSqliteStore({ path: ':memory:', node: 'test', clock })
  context.after(() => empty.close())
  await insertAdministrator({ store: empty, domainKeys, random }, administrator, clock.now())
  const { user } = (await empty.findCredential(administrator.accessKeyId))!
  assert.equal(user!.userName, 'administrator')
  assert.deepEqual(await empty.listAttachments(user!.userId), [
    {
      ...{ account: '999988887777', ownerKind: 'user', ownerId: user!.userId },
      policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    },
  ])
})
