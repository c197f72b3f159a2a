/** Events about keys in the form in which AWS puts them on EventBridge (lifecycle.md 10.2). */
import { instantText } from '../base/clock.ts'
import type { KeyEvent } from './key-event.ts'

export interface BusEvent {
  readonly version: '0'
  /** A repetition of the same event has the same. */
  readonly id: string
  readonly 'detail-type': string
  readonly source: string
  readonly account: string
  /** ISO 8601, UTC, whole seconds. */
  readonly time: string
  readonly region: string
  /** ARN of the key. */
  readonly resources: readonly string[]
  readonly detail: Readonly<Record<string, unknown>>
}

/** @returns whether it was taken. If not, the log has said why. */
export type SendEvent = (event: BusEvent) => Promise<boolean>

/** What AWS tells of; of other things that the service does it has no events. */
const DETAIL_TYPES: Readonly<Partial<Record<KeyEvent['eventName'], string>>> = {
  RotateKey: 'KMS CMK Rotation',
  DeleteKey: 'KMS CMK Deletion',
  DeleteExpiredKeyMaterial: 'KMS Imported Key Material Expiration',
}

/** @param id of its audit record. @param time milliseconds since the epoch. @returns `undefined`: AWS has no such event. */
export function busEventOf(event: KeyEvent, id: string, time: number): BusEvent | undefined {
  const type = DETAIL_TYPES[event.eventName]
  if (type === undefined) return undefined
  const { account, region, keyArn, details = {} } = event
  const keyId = keyArn.slice(keyArn.lastIndexOf('/') + 1)
  const detail = Object.fromEntries(Object.entries({ keyId, ...details }).map(([name, value]) => [dashed(name), value]))
  return busEvent({ id, type, source: 'aws.kms', account, region, keyArn, time, detail })
}

/** @param of times in milliseconds since the epoch. */
export function busEvent(of: {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly account: string
  readonly region: string
  readonly keyArn: string
  readonly time: number
  readonly detail: BusEvent['detail']
}): BusEvent {
  const { id, type, source, account, region, keyArn, time, detail } = of
  const resources = [keyArn]
  return { version: '0', id, 'detail-type': type, source, account, time: instantText(time), region, resources, detail }
}

/** `previousKeyMaterialId` → `previous-key-material-id` */
function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
