/**
 * A node without a network, for the commands of an operator: one more process over the data folder, beside those of a
 * running server or alone. What it changes takes effect on the others like any change of another node, and its calls go
 * through the pipeline like everybody's, so rules, quotas and audit records are the same. It acts as the root of an account:
 * whoever can read the folder and its root key could do so anyway.
 */
import { userInfo } from 'node:os'
import type { AuditLog } from '../audit/audit-log.ts'
import { type OperatorEvent, operatorEventLine } from '../audit/operator-event.ts'
import { rootOf } from '../auth/authenticator.ts'
import { systemClock } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { OperatorError } from '../config/operator-error.ts'
import type { RootKey } from '../crypto/root-key/root-key.ts'
import type { NewAccessKey } from '../domain/identity/identity-services.ts'
import { makeServiceAccessKey } from '../domain/identity/service-secrets.ts'
import type { Change, Store } from '../domain/store.ts'
import { IAM_OPERATIONS } from '../operations/iam/index.ts'
import { createService, type Service, type ServiceOptions } from '../service.ts'
import type { DataFolder } from './data-folder.ts'
import { openFolderAuditLog } from './folder-audit-log.ts'
import { FolderInUseError, type FolderLock, joinFolder, joinPreparedFolder, lockFolder } from './folder-lock.ts'
import { putInOrder } from './prepare.ts'
import { openRootKey } from './root-key.ts'
import { type FolderSecrets, type StorePlace, storePlaceOf } from './store-place.ts'
import { VERSION } from './version.ts'

export interface OperatorNode {
  readonly store: Store
  /** That of the store when the node was opened. */
  readonly rootKey: RootKey
  /** @throws {OperatorError} with the text of what the operation refuses. */
  iam<T>(account: string, operation: string, body: object): Promise<T>
  /** For {@link change}, and outside of it: sealing may make a domain key. */
  newServiceAccessKey(service: string): Promise<NewAccessKey>
  /** A change for which there is no operation, with the event that tells of it: both commit, or neither. */
  change(work: (change: Change, time: number) => Promise<OperatorDeed>): Promise<void>
  close(): Promise<void>
}

export type OperatorDeed = Pick<
  OperatorEvent,
  'eventSource' | 'eventName' | 'account' | 'region' | 'resources' | 'details'
>

export interface OperatorNodeOptions extends FolderSecrets {
  readonly folder: DataFolder
  readonly externalAccounts: ServiceOptions['externalAccounts']
  readonly log: Log
}

export async function openOperatorNode(options: OperatorNodeOptions): Promise<OperatorNode> {
  const { folder, log } = options
  const place = storePlaceOf(folder, options.storePassword)
  const node = place.nodeName(`operator-${process.pid}`)
  const lock = await joinInOrder(folder, place, log)
  try {
    const store = await place.open(node, systemClock)
    try {
      return await open(options, { node, lock, place, store })
    } catch (error) {
      await store.close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/**
 * Alone, what a crash left behind is repaired, as at the start of a server; then there is room for a server, which waits a
 * little for this command to be done. Beside a server, only the server repairs.
 */
async function joinInOrder(folder: DataFolder, place: StorePlace, log: Log): Promise<FolderLock> {
  try {
    const lock = await lockFolder(folder, 'command', () => putInOrder(folder, place, log))
    const joined = joinFolder(folder)
    lock.release()
    return joined
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error
    return joinPreparedFolder(folder)
  }
}

interface Parts {
  readonly node: string
  readonly lock: FolderLock
  readonly place: StorePlace
  readonly store: Store
}

async function open(options: OperatorNodeOptions, { node, lock, place, store }: Parts): Promise<OperatorNode> {
  const { folder, log, externalAccounts } = options
  const rootKey = await openRootKey(folder, options, place, await store.newestDomainKey())
  const auditLog = await openFolderAuditLog(folder, node, log)
  let service: Service
  try {
    const shared = { store, auditLog, rootKey, clock: systemClock, log, node, externalAccounts }
    service = await createService({ ...shared, authentication: 'signed', servesKeyStores: false })
  } catch (error) {
    await auditLog.close()
    throw error
  }
  return {
    store,
    rootKey,
    iam: (account, operation, body) => callIam(service, account, operation, body),
    newServiceAccessKey: (name) => makeServiceAccessKey(service.domainKeys, service.random, name),
    change: (work) => changeWithEvent({ store, auditLog, node, service }, work),
    async close() {
      await service.stop()
      lock.release()
    },
  }
}

const iamOperations = new Map(IAM_OPERATIONS.map((operation) => [operation.name, operation]))

async function callIam<T>(service: Service, account: string, name: string, body: object): Promise<T> {
  const call = {
    principal: rootOf(account, ''),
    region: 'us-east-1',
    requestId: service.random.uuid(),
    time: systemClock.now(),
    // No client can have this address, so records of operators cannot be mistaken for those of calls.
    sourceIp: 'AWS Internal',
    userAgent: userAgent(),
    tls: undefined,
  }
  try {
    return (await service.execute(iamOperations.get(name)!, body, call)) as T
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    throw new OperatorError((error.text ?? error.code).replace(/\.$/, ''), { cause: error })
  }
}

interface EventServices {
  readonly store: Store
  readonly auditLog: AuditLog
  readonly node: string
  readonly service: Service
}

async function changeWithEvent(
  { store, auditLog, node, service }: EventServices,
  work: (change: Change, time: number) => Promise<OperatorDeed>,
): Promise<void> {
  const eventId = service.random.uuid()
  const line = await store.change(async (change) => {
    const time = systemClock.now()
    const deed = await work(change, time)
    const line = operatorEventLine({ ...deed, eventId, time, operator: operatorName(), userAgent: userAgent() })
    await change.recordAudit({ eventId, node, line })
    return line
  })
  await auditLog.append(line)
  await store.auditRecordsWritten([eventId])
}

function userAgent(): string {
  return `keyhold-cli/${VERSION} (operator ${operatorName()})`
}

/** `alice (1000)`; the id alone where the machine has no name for it, as in many containers. */
function operatorName(): string {
  try {
    const { username, uid } = userInfo()
    return uid < 0 ? username : `${username} (${uid})`
  } catch {
    return `(${process.getuid?.() ?? 'unknown'})`
  }
}
