/** A whole service in this process over a real SQLite in memory, called below the wire: pipeline, domain, store, audit. */
import { createMemoryAuditLog } from '../../src/audit/memory-audit-log.ts'
import { createMemoryEventHistory } from '../../src/audit/memory-event-history.ts'
import type { Clock } from '../../src/base/clock.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { localRootKey } from '../../src/crypto/root-key/local-root-key.ts'
import type { RootKey } from '../../src/crypto/root-key/root-key.ts'
import type { Principal } from '../../src/domain/principal.ts'
import type { Store } from '../../src/domain/store.ts'
import { operationsOf } from '../../src/operations/index.ts'
import { createService, type Service, type ServiceOptions } from '../../src/service.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

export const ACCOUNT = '111122223333'
export const OTHER_ACCOUNT = '444455556666'
export const REGION = 'eu-central-1'

export interface Caller {
  readonly account?: string
  readonly region?: string
}

/** What an operation answered; tests say which members they expect. */
// biome-ignore lint/suspicious/noExplicitAny: the answers of 54 operations, checked by the assertions
export type Answer = any

export interface Harness {
  /** Calls an operation with a JSON body as the wire would parse it: blobs are base64 texts or Buffers. */
  call(operation: string, body?: object, caller?: Caller): Promise<Answer>
  /** The same, as somebody else than the account's administrator. */
  callAs(principal: Principal, operation: string, body?: object, region?: string): Promise<Answer>
  /** Parsed audit records, oldest first. */
  auditRecords(): Answer[]
  readonly auditLines: readonly string[]
  readonly clock: TestClock
  readonly store: Store
  readonly service: Service
  readonly rootKey: RootKey
  close(): Promise<void>
}

/** 2026-03-01T12:00:00.123Z: a fraction shows where timestamps lose it. */
export const START_TIME = Date.UTC(2026, 2, 1, 12, 0, 0, 123)

/** The administrator of the account: a user whose policy allows everything. */
export function userOf(account: string): Principal {
  const arn = `arn:aws:iam::${account}:user/alice`
  const userId = USER_IDS[account] ?? 'AIDAEXAMPLEEXAMPLE000'
  return {
    type: 'IAMUser',
    account,
    arn,
    principalId: userId,
    entityId: userId,
    principalArn: arn,
    userName: 'alice',
    accessKeyId: 'AKIAEXAMPLEEXAMPLE01',
  }
}

const USER_IDS: Readonly<Record<string, string>> = {
  [ACCOUNT]: 'AIDAEXAMPLEEXAMPLE001',
  [OTHER_ACCOUNT]: 'AIDAEXAMPLEEXAMPLE002',
}

async function insertAdministrators(store: Store): Promise<void> {
  await store.change(async (change) => {
    for (const [account, userId] of Object.entries(USER_IDS)) {
      if (await change.hasAccount(account)) continue
      const createdAt = START_TIME
      await change.insertAccount(account, createdAt)
      const user = { account, userName: 'alice', path: '/', userId, createdAt, tags: [], boundaryArn: undefined }
      await change.insertUser(user)
      const policyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
      await change.attachPolicy({ account, ownerKind: 'user', ownerId: userId, policyArn })
    }
  })
}

/** Whom every account has, without a first start that makes a user. */
export function rootOf(account: string): Principal {
  const arn = `arn:aws:iam::${account}:root`
  const ids = { principalId: account, entityId: account, principalArn: arn }
  return { type: 'Root', account, arn, ...ids, accessKeyId: 'AKIAEXAMPLEEXAMPLE02' }
}

export interface HarnessOptions {
  /** Told the name of every method of the store that is called. */
  readonly onStoreCall?: (method: string) => void
  /** Stands before the audit log: throws to make it fail. */
  readonly beforeAudit?: (step: 'admit' | 'append', changes?: boolean) => void
  /** A file for the store, which is in memory otherwise. */
  readonly storePath?: string
  /** PEM of the roots of attestation documents. */
  readonly attestationRoots?: string
  readonly identityProviders?: ServiceOptions['identityProviders']
  readonly hsmClusters?: ServiceOptions['hsmClusters']
  readonly externalKeyStores?: ServiceOptions['externalKeyStores']
  readonly guardPolicy?: ServiceOptions['guardPolicy']
  readonly verboseDenials?: boolean
  readonly quotas?: ServiceOptions['quotas']
  readonly eventUrl?: string
  /** AWS's two would slow tests down. */
  readonly lookupsPerSecondMax?: number
  readonly log?: Log
  readonly metrics?: (clock: Clock) => ServiceOptions['metrics']
}

export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const clock = createTestClock(START_TIME)
  const plainStore = await openSqliteStore({ path: options.storePath ?? ':memory:', node: 'test', clock })
  await insertAdministrators(plainStore)
  const store = observed(plainStore, options.onStoreCall)
  const memory = createMemoryAuditLog()
  const auditLog: typeof memory = {
    ...memory,
    get lines() {
      return memory.lines
    },
    admit(changes) {
      options.beforeAudit?.('admit', changes)
      memory.admit(changes)
    },
    async append(line) {
      options.beforeAudit?.('append')
      await memory.append(line)
    },
  }
  const rootKey = localRootKey(createRandomSource().keyBytes(32))
  const shared = { store, auditLog, rootKey, clock, log: options.log ?? silentLog, node: 'test' }
  const service = await createService({
    ...shared,
    eventHistory: createMemoryEventHistory(memory, { lookupsPerSecondMax: options.lookupsPerSecondMax ?? 1_000_000 }),
    authentication: 'signed',
    attestationRoots: options.attestationRoots,
    identityProviders: options.identityProviders,
    hsmClusters: options.hsmClusters,
    externalKeyStores: options.externalKeyStores,
    guardPolicy: options.guardPolicy,
    verboseDenials: options.verboseDenials,
    quotas: options.quotas,
    eventUrl: options.eventUrl,
    metrics: options.metrics?.(clock),
  })
  return {
    clock,
    store,
    service,
    rootKey,
    get auditLines() {
      return memory.lines
    },
    auditRecords: () => memory.lines.map((line) => JSON.parse(line)),
    call(name, body = {}, { account = ACCOUNT, region = REGION } = {}) {
      return callAs(userOf(account), name, body, region)
    },
    callAs,
    close: () => service.stop(),
  }

  async function callAs(principal: Principal, name: string, body: object = {}, region = REGION): Promise<Answer> {
    const { kms, sts, iam, cloudtrail } = operationsOf
    const operation = kms.get(name) ?? sts.get(name) ?? iam.get(name) ?? cloudtrail.get(name)
    if (operation === undefined) throw new Error(`no operation ${name}`)
    const json = JSON.parse(JSON.stringify(body, base64OfBuffers))
    const output = await service.execute(operation, json, {
      principal,
      region,
      requestId: service.random.uuid(),
      time: clock.now(),
      sourceIp: '127.0.0.1',
      userAgent: 'harness',
      tls: undefined,
    })
    return withoutAbsent(output)
  }
}

/** As a client sees an answer: members that are `undefined` are not sent. */
function withoutAbsent(output: unknown): Answer {
  if (typeof output !== 'object' || output === null) return output
  return Object.fromEntries(Object.entries(output).filter(([, value]) => value !== undefined))
}

/** The store itself, with someone listening at the door. */
function observed(store: Store, onCall: ((method: string) => void) | undefined): Store {
  if (onCall === undefined) return store
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        onCall(String(name))
        return value.apply(target, args)
      }
    },
  })
}

/** Buffers turn themselves into `{type: 'Buffer', data}` before a replacer sees them. */
function base64OfBuffers(_name: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
  return isBuffer ? Buffer.from((value as { data: number[] }).data).toString('base64') : value
}
