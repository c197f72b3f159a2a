/**
 * AWS managed keys come into being when an allowed call first names their alias (lifecycle.md MGD-1): key, alias and the event
 * that tells of them in one transaction, before the call goes on.
 */
import { serviceEventLine } from '../audit/audit-record.ts'
import { keyEvent } from '../domain/key-event.ts'
import type { Key } from '../domain/keys/key.ts'
import type { LocatedKey } from '../domain/keys/locate-key.ts'
import { managedAlias } from '../domain/managed-keys/managed-key.ts'
import type { PipelineServices } from './pipeline-services.ts'
import type { LocatedUses } from './uses.ts'

type Services = Pick<PipelineServices, 'store' | 'keyMaterials' | 'random' | 'audit' | 'clock' | 'node' | 'outbox'>

/** @returns what was located, with keys that exist in the places of those to be made. */
export async function makeManagedKeys(located: LocatedUses, services: Services): Promise<LocatedUses> {
  const all: LocatedUses[number][] = []
  for (const found of located) all.push(isToBeMade(found) ? await make(found, services) : found)
  return all
}

export function isToBeMade(found: LocatedUses[number]): found is LocatedKey {
  return found !== undefined && 'key' in found && found.isToBeMade === true
}

async function make({ key: toBe, requestAlias }: LocatedKey, services: Services): Promise<LocatedKey> {
  const { store, keyMaterials, random, audit, clock, node, outbox } = services
  audit.admit(true)
  // Sealing may change the store, so not inside the transaction.
  const material = await keyMaterials.create(toBe!, toBe!.createdAt)
  const made: Key = Object.freeze({ ...toBe!, currentMaterialId: material.materialId })
  const alias = managedAlias(made, requestAlias!)
  const eventId = random.uuid()
  const event = keyEvent('CreateKey', made, { details: { aliasName: alias.aliasName }, response: { keyId: made.arn } })
  const line = serviceEventLine({ ...event, eventId, time: clock.now() })
  const present = await store.change(async (change) => {
    // Another call may have been quicker.
    const other = await change.findAlias(alias)
    if (other !== undefined) return change.findKey(other)
    await change.insertKey(made, [material])
    await change.insertAlias(alias)
    await change.recordAudit({ eventId, node, line })
    return undefined
  })
  if (present === undefined) await outbox.log(eventId, line)
  const key = present ?? made
  return { arn: key.arn, account: key.account, key, requestAlias: requestAlias! }
}
