/**
 * What an operator did with the data folder in his hands, where no operation of the API does the same. In the form of a
 * service event (audit.md section 5), because nobody signed a request; its details say whose account on the machine it was.
 */
import { instantText } from '../base/clock.ts'
import type { AuditFields } from './audit-record.ts'

export type OperatorEventName =
  | 'CreateAccount'
  | 'ResetKeyPolicy'
  | 'CreateService'
  | 'DeleteService'
  | 'CreateServiceAccessKey'
  | 'UpdateServiceAccessKey'
  | 'DeleteServiceAccessKey'
  | 'RevokeSession'
  | 'ChangeRootKey'

export interface OperatorEvent {
  readonly eventId: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly eventSource: 'kms.amazonaws.com' | 'iam.amazonaws.com' | 'sts.amazonaws.com'
  readonly eventName: OperatorEventName
  readonly region: string
  /** `undefined`: it is about no account. */
  readonly account: string | undefined
  /** Login name and id of the operator, as the operating system has them. */
  readonly operator: string
  readonly userAgent: string
  readonly resources: readonly { readonly type: string; readonly arn: string }[]
  readonly details?: AuditFields
}

export function operatorEventLine(event: OperatorEvent): string {
  const { account } = event
  return JSON.stringify({
    eventVersion: '1.11',
    userIdentity: { accountId: account, invokedBy: 'AWS Internal' },
    eventTime: instantText(event.time),
    eventSource: event.eventSource,
    eventName: event.eventName,
    awsRegion: event.region,
    sourceIPAddress: 'AWS Internal',
    userAgent: event.userAgent,
    requestParameters: null,
    responseElements: null,
    eventID: event.eventId,
    readOnly: false,
    resources: event.resources.map(({ type, arn }) => ({ accountId: account, type, ARN: arn })),
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: account,
    serviceEventDetails: { operator: event.operator, ...event.details },
    eventCategory: 'Management',
  })
}
