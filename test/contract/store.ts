/**
 * What every store must do, whatever database it is made of: the promises of `domain/store.ts` and of design.md
 * section 3. Run it with `storeContract(name, open)`.
 */
import { after, before, describe } from 'node:test'
import type { Store } from '../../src/domain/store.ts'
import { aliasTests } from './store/aliases.ts'
import { changeTests, closingTests, concurrencyTests } from './store/changes.ts'
import { deletionAlarmTests } from './store/deletion-alarms.ts'
import { entityTests } from './store/entities.ts'
import { erasingTests } from './store/erasing.ts'
import { eventOutboxTests } from './store/event-outbox.ts'
import { clock, type StoreFixture } from './store/examples.ts'
import { figureTests } from './store/figures.ts'
import { grantTests } from './store/grants.ts'
import { identityPolicyTests } from './store/identity-policies.ts'
import { keyStoreTests } from './store/key-stores.ts'
import { keyTests, materialTests } from './store/keys.ts'
import { lastUsageTests } from './store/last-usage.ts'
import { listTests } from './store/lists.ts'
import { nodeTests } from './store/nodes.ts'
import { noticeTests } from './store/notices.ts'
import { leaseTests, outboxTests } from './store/outbox-and-leases.ts'
import { domainKeyTests, principalTests } from './store/principals.ts'
import { restingTokenTests } from './store/resting-tokens.ts'
import { revokedSessionTests } from './store/revoked-sessions.ts'
import { serviceTests } from './store/services.ts'

export function storeContract(name: string, open: () => Promise<StoreFixture>): void {
  describe(name, () => {
    let fixture: StoreFixture
    let store: Store
    before(async () => {
      fixture = await open()
      store = await fixture.open('node-1', clock)
    })
    after(async () => {
      await store.close()
      await fixture.remove()
    })

    describe('keys', () => keyTests(() => store))
    describe('key materials', () => materialTests(() => store))
    describe('custom key stores', () => keyStoreTests(() => store))
    describe('aliases', () => aliasTests(() => store))
    describe('grants', () => grantTests(() => store))
    describe('lists', () => listTests(() => store))
    describe('revoked sessions', () => revokedSessionTests(() => store))
    describe('the event outbox', () => eventOutboxTests(() => store))
    describe('deletion alarms', () => deletionAlarmTests(() => store))
    describe('figures', () => figureTests(() => store))
    describe('erasing', () => erasingTests(() => store))
    describe('principals', () => principalTests(() => store))
    describe('users, roles and groups', () => entityTests(() => store))
    describe('services', () => serviceTests(() => store))
    describe('policies of identities', () => identityPolicyTests(() => store))
    describe('domain keys', () => domainKeyTests(() => store))
    describe('resting tokens', () => restingTokenTests(() => store))
    describe('a change', () => changeTests(() => store))
    describe('changes at the same time', () => concurrencyTests(() => store))
    describe('notices', () => noticeTests(() => store))
    describe('the audit outbox', () => outboxTests(() => store))
    describe('last uses', () => lastUsageTests(() => store))
    describe('leases', () => leaseTests(() => store))
    describe('several nodes', () => nodeTests(open))
    describe('closing', () => closingTests(open))
  })
}
