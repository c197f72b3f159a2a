/** What the service itself did to a key, without a caller (audit.md section 5). It commits with the change it tells of. */
import type { Key } from './keys/key.ts'

export interface KeyEvent {
  readonly eventName: 'CreateKey' | 'RotateKey' | 'DeleteKey' | 'DeleteExpiredKeyMaterial' | 'SynchronizeMultiRegionKey'
  readonly account: string
  readonly region: string
  readonly keyArn: string
  readonly details?: Readonly<Record<string, string>>
  readonly response?: Readonly<Record<string, string>>
  /** additionalEventData. */
  readonly additional?: Readonly<Record<string, string>>
}

export function keyEvent(
  eventName: KeyEvent['eventName'],
  { account, region, arn: keyArn }: Key,
  contents: Pick<KeyEvent, 'details' | 'response' | 'additional'>,
): KeyEvent {
  return { eventName, account, region, keyArn, ...contents }
}
