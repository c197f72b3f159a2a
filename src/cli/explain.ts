/** `keyhold explain ID`: why was this call refused, or allowed, and what would have to change? */
import { type AuditLogError, readAuditLog } from '../audit/read-log.ts'
import { OperatorError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { type DataFolder, dataFolder, requireDataFolder } from '../start/data-folder.ts'
import { defineCommand } from './command.ts'
import { askedOf, type GuardFiles, printOutcome, simulateOn } from './explained.ts'
import { EXIT_OK, type Terminal } from './terminal.ts'

/** The parts of a record that are looked at (audit.md section 1). */
interface Record {
  readonly eventID: string
  readonly requestID?: string
  readonly eventTime: string
  readonly eventSource: string
  readonly eventName: string
  readonly awsRegion: string
  readonly sourceIPAddress: string
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly userIdentity: { readonly type?: string; readonly arn?: string; readonly invokedBy?: string }
  readonly requestParameters: { readonly encryptionContext?: { readonly [name: string]: string } } | null
  /** Not of operations on custom key stores. */
  readonly resources?: readonly { readonly ARN: string }[]
  readonly additionalEventData?: { readonly authorization?: RecordedRefusal; readonly service?: RecordedService }
}

/** What the pipeline recorded of a call that a service made or forwarded (`pipeline/call-record.ts`). */
interface RecordedService {
  readonly sourceIPAddress: string
  readonly sourceArn?: string
  readonly sourceAccount?: string
}

/** `undefined`: nobody called. */
function callerOf({ userIdentity: { type, arn, invokedBy } }: Record): string | undefined {
  return type === 'AWSService' ? invokedBy : arn
}

/** What the pipeline recorded of a refusal (`pipeline/refusal-fields.ts`). */
interface RecordedRefusal {
  readonly action: string
  readonly resource: string
  readonly missing?: string
  readonly decidedBy?: string
  readonly policyId?: string
  readonly statement?: number
  readonly sid?: string
}

export const explain = defineCommand({
  args: ['ID'],
  settings: ['data', 'guardPolicy', 'xksProxy', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Explains the decision about one call. ID is the request id that the client was told (x-amzn-RequestId) or
the event id of its audit record. Shows what decided then, and what the policies and grants of now would
say, which statement decides, and what would have to change. The server may be running.`,
  async run({ settings, args: [id], terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireDataFolder(folder)
    const record = await findRecord(folder, id!)
    printRecord(terminal, record)
    await printNow(terminal, folder, record, settings)
    return EXIT_OK
  },
})

async function findRecord({ audit }: DataFolder, id: string): Promise<Record> {
  let damage: AuditLogError | undefined
  const noteDamage = (found: AuditLogError) => {
    damage ??= found
  }
  for await (const { line } of readAuditLog(audit, noteDamage)) {
    // Cheaper than parsing every record.
    if (!line.includes(id)) continue
    const record = JSON.parse(line) as Record
    if (record.eventID === id || record.requestID === id) return record
  }
  if (damage !== undefined) {
    throw new OperatorError(`the record of ${id} is not in what can be read of the audit log: ${damage.message}`, {
      hint: "'keyhold audit verify' tells what is wrong",
      cause: damage,
    })
  }
  throw new OperatorError(`no audit record has the request id or event id ${id}`, {
    hint: "'keyhold audit show' prints all records",
  })
}

function printRecord({ print }: Terminal, record: Record): void {
  const { eventTime, eventName, awsRegion, sourceIPAddress, errorCode, errorMessage } = record
  print(
    `${eventTime} ${callerOf(record) ?? 'the service itself'} called ${eventName} in ${awsRegion} from ${sourceIPAddress}.`,
  )
  if (errorCode === undefined) print('It succeeded.')
  else print(`It failed with ${errorCode}${errorMessage === undefined ? '' : `: ${errorMessage}`}`)
  const refusal = record.additionalEventData?.authorization
  if (refusal !== undefined) print(`What decided then: ${decidedThen(refusal)}`)
}

function decidedThen({ action, resource, missing, decidedBy, policyId, statement, sid }: RecordedRefusal): string {
  const asked = `${action} on ${resource || 'a key that is not known'}`
  if (missing !== undefined) return `no ${missing} allowed ${asked}.`
  const where = policyId === undefined ? `the ${decidedBy}` : `the ${decidedBy} "${policyId}"`
  const name = sid === undefined ? '' : ` (Sid "${sid}")`
  return `statement ${statement! + 1}${name} of ${where} denied ${asked}.`
}

/** Of calls of KMS; of successful ones on their (last) key, under the permission that has the operation's name. */
async function printNow(terminal: Terminal, folder: DataFolder, record: Record, guards: GuardFiles): Promise<void> {
  const principal = callerOf(record)
  if (principal === undefined || record.eventSource !== 'kms.amazonaws.com') return
  const { authorization: refusal, service } = record.additionalEventData ?? {}
  const resource = refusal === undefined ? record.resources?.at(-1)?.ARN : refusal.resource
  const action = refusal?.action ?? `kms:${record.eventName}`
  const kinds = askedOf(action)
  // Its grant says who may, and the record of a refusal does not say which one it was.
  if (kinds.has('grant')) return
  const isAlias = resource?.includes(':alias/') === true
  const alias = isAlias && kinds.has('alias') ? resource : undefined
  const key = resource?.includes(':key/') || (isAlias && alias === undefined) ? resource : undefined
  // Nothing says for which key the call was meant: what policies say of others would mislead.
  if (key === undefined && alias === undefined && !kinds.has('account')) return
  terminal.print('')
  terminal.print('With the policies and grants of now:')
  const asked = {
    principal,
    action,
    key,
    alias,
    encryptionContext: record.requestParameters?.encryptionContext,
    via: record.userIdentity.arn === undefined ? undefined : record.userIdentity.invokedBy,
    conditions: { 'aws:SourceArn': service?.sourceArn, 'aws:SourceAccount': service?.sourceAccount },
    region: record.awsRegion,
    time: Date.parse(record.eventTime),
    sourceIp: service?.sourceIPAddress ?? record.sourceIPAddress,
  }
  printOutcome(terminal, await simulateOn(folder, asked, guards, terminal.env))
}
