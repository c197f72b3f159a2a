/** The only place that decides what a client learns of an error (operations.md 1.3). */
import { KmsError } from '../base/errors.ts'
import { type Answer, jsonAnswer } from './answer.ts'

/** A bug is not explained to anybody outside. */
const INTERNAL = new KmsError('KMSInternalException')

/** These two come from AWS's front end, which spells the member with a capital (operations.md 1.3; section 8, row 1). */
const CAPITAL_MESSAGE: ReadonlySet<string> = new Set(['SerializationException', 'AccessDeniedException'])

export function errorAnswer(error: unknown, requestId: string): Answer {
  const { code, text, status } = error instanceof KmsError ? error : INTERNAL
  return jsonAnswer(status, errorBody(code, text), requestId)
}

function errorBody(code: string, text: string | undefined): string {
  if (text === undefined) return `{"__type":"${code}"}`
  const member = CAPITAL_MESSAGE.has(code) ? 'Message' : 'message'
  return `{"__type":"${code}","${member}":${JSON.stringify(text)}}`
}
