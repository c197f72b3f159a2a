/** A whole service in this process over a real SQLite in memory, called below the wire: pipeline, domain, store, audit. */
import { createMemoryAuditLog } from '../../src/audit/memory-audit-log.ts'
import { silentLog } from '../../src/base/log.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { localRootKey } from '../../src/crypto/root-key/local-root-key.ts'
import type { Principal } from '../../src/domain/principal.ts'
import type { Store } from '../../src/domain/store.ts'
import { operations } from '../../src/operations/index.ts'
import { createService, type Service } from '../../src/service.ts'
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
  /** Parsed audit records, oldest first. */
  auditRecords(): Answer[]
  readonly auditLines: readonly string[]
  readonly clock: TestClock
  readonly store: Store
  readonly service: Service
  close(): Promise<void>
}

/** 2026-03-01T12:00:00.123Z: a fraction shows where timestamps lose it. */
export const START_TIME = Date.UTC(2026, 2, 1, 12, 0, 0, 123)

export function userOf(account: string): Principal {
  return {
    type: 'IAMUser',
    account,
    arn: `arn:aws:iam::${account}:user/alice`,
    principalId: 'AIDAEXAMPLEEXAMPLE001',
    userName: 'alice',
    accessKeyId: 'AKIAEXAMPLEEXAMPLE01',
  }
}

/** Whom every account has, without a first start that makes a user. */
export function rootOf(account: string): Principal {
  const arn = `arn:aws:iam::${account}:root`
  return { type: 'Root', account, arn, principalId: account, accessKeyId: 'AKIAEXAMPLEEXAMPLE02' }
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
}

export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const clock = createTestClock(START_TIME)
  const store = observed(
    await openSqliteStore({ path: options.storePath ?? ':memory:', node: 'test', clock }),
    options.onStoreCall,
  )
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
  const shared = { store, auditLog, rootKey, clock, log: silentLog, node: 'test' }
  const service = await createService({
    ...shared,
    authentication: 'signed',
    attestationRoots: options.attestationRoots,
  })
  return {
    clock,
    store,
    service,
    get auditLines() {
      return memory.lines
    },
    auditRecords: () => memory.lines.map((line) => JSON.parse(line)),
    call(name, body = {}, { account = ACCOUNT, region = REGION } = {}) {
      const operation = operations.get(name)
      if (operation === undefined) throw new Error(`no operation ${name}`)
      const json = JSON.parse(JSON.stringify(body, base64OfBuffers))
      return service.execute(operation, json, {
        principal: userOf(account),
        region,
        requestId: service.random.uuid(),
        time: clock.now(),
        sourceIp: '127.0.0.1',
        userAgent: 'harness',
        tls: undefined,
      })
    },
    close: () => service.stop(),
  }
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
