/** Temporary credentials of the user himself; needs no permission (authorization.md 6.3). */
import { optional, structure } from '../../base/schema.ts'
import { checkNoMfa, ROOT_SESSION_SECONDS_MAX } from '../../domain/identity/session-rules.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import {
  auditedCredentials,
  credentialsAnswer,
  durationSeconds,
  newSession,
  serialNumber,
  tokenCode,
  USER_SESSION_SECONDS,
} from '../shapes/sts-members.ts'

export const GetSessionToken = defineOperation({
  service: 'sts',
  name: 'GetSessionToken',
  input: structure({
    DurationSeconds: optional(durationSeconds),
    SerialNumber: optional(serialNumber),
    TokenCode: optional(tokenCode),
  }),
  check: ({ SerialNumber, TokenCode }) => checkNoMfa(SerialNumber, TokenCode),
  uses: [],
  audit: {
    readOnly: true,
    parameters: ({ DurationSeconds }) => ({ durationSeconds: DurationSeconds }),
    response: ({ Credentials }) => ({ credentials: auditedCredentials(Credentials) }),
  },
  async handler({ DurationSeconds = USER_SESSION_SECONDS }, { call: { principal, time }, identity }) {
    const seconds = principal.type === 'Root' ? Math.min(DurationSeconds, ROOT_SESSION_SECONDS_MAX) : DurationSeconds
    const nothing = { tags: [], transitiveTagKeys: [], policyText: undefined, policyArns: [] }
    const session = newSession({ name: '', seconds, time, ...nothing })
    const issued = await identity.issueSession({ kind: 'caller', caller: principal }, session)
    return { Credentials: credentialsAnswer(issued) }
  },
})
