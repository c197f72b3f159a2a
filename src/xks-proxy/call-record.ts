/**
 * The audit record of a use of an external key (XP-7): in the form of CloudTrail's records, with a source of its own, so that nobody
 * takes it for a call of the KMS API. Who called the other KMS is what that says of him: a parameter, not the identity.
 */
import { limited, XKS_PROXY_SOURCE } from '../audit/audit-record.ts'
import { instantText } from '../base/clock.ts'
import { AUDIT_USER_AGENT_BYTES_MAX, XKS_METADATA_CHARS_MAX } from '../base/limits.ts'
import type { KeyName } from '../domain/keys/key.ts'
import type { RequestMetadata } from './requests.ts'
import type { KeyCallName } from './route.ts'
import { uriPathOf } from './settings.ts'
import type { XksError } from './xks-error.ts'

/** As the protocol names them. */
const EVENT_NAMES: Readonly<Record<KeyCallName, string>> = {
  metadata: 'GetKeyMetadata',
  encrypt: 'Encrypt',
  decrypt: 'Decrypt',
}

export interface RecordedCall {
  readonly eventId: string
  readonly requestId: string
  /** Milliseconds since the epoch, when the call ended. */
  readonly time: number
  readonly call: KeyCallName
  readonly prefix: string
  readonly externalId: string
  readonly accessKeyId: string
  readonly sourceIp: string
  readonly userAgent: string
  /** `undefined`: the request had none that could be read. */
  readonly metadata: RequestMetadata | undefined
  /** `undefined`: the tenant has no such external key. */
  readonly key: (KeyName & { readonly arn: string }) | undefined
  /** Index and id of the material that was used. */
  readonly material: { readonly index: number; readonly id: string } | undefined
  /** `undefined`: it succeeded. */
  readonly error: XksError | undefined
}

/** One line. Never a plaintext, a ciphertext, or anything else that the request has beside its metadata. */
export function callRecordLine(recorded: RecordedCall): string {
  const { key, error, material, prefix, externalId } = recorded
  return JSON.stringify({
    eventVersion: '1.11',
    userIdentity: { type: 'ExternalKeyStore', accessKeyId: recorded.accessKeyId, invokedBy: uriPathOf(prefix) },
    eventTime: instantText(recorded.time),
    eventSource: XKS_PROXY_SOURCE,
    eventName: EVENT_NAMES[recorded.call],
    awsRegion: key?.region,
    sourceIPAddress: recorded.sourceIp,
    userAgent: limited(recorded.userAgent, AUDIT_USER_AGENT_BYTES_MAX),
    errorCode: error?.errorName,
    errorMessage: error?.message,
    requestParameters: { xksKeyId: externalId, ...(recorded.metadata && boundedTexts(recorded.metadata)) },
    responseElements: null,
    additionalEventData: material && { keyMaterialId: material.id, keyMaterialIndex: material.index },
    requestID: recorded.requestId,
    eventID: recorded.eventId,
    readOnly: true,
    resources: key && [{ accountId: key.account, type: 'AWS::KMS::Key', ARN: key.arn }],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: key?.account,
    eventCategory: 'Management',
  })
}

function boundedTexts(metadata: RequestMetadata): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, bounded(text)]))
}

function bounded<T extends string | undefined>(text: T): T {
  return text?.slice(0, XKS_METADATA_CHARS_MAX) as T
}
