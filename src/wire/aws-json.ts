/** AWS JSON 1.1: bodies in both directions (operations.md 1.1 and 1.2). */
import { KmsError } from '../base/errors.ts'
import { JsonError, parseJson } from '../base/json.ts'
import { JSON_DEPTH_MAX } from '../base/limits.ts'

export const AWS_JSON = 'application/x-amz-json-1.1'
/** AWS takes 1.0 too: ex_aws_kms, the client of Elixir, never sent anything else. */
const JSON_TYPES: ReadonlySet<string> = new Set([AWS_JSON, 'application/x-amz-json-1.0', 'application/json'])

/** @param value of the header; parameters after `;` do not count. */
export function isJsonType(value: string): boolean {
  return value === AWS_JSON || JSON_TYPES.has(value.split(';', 1)[0]!.trim().toLowerCase())
}

/**
 * One JSON object. Whoever sends something else learns no more than that: this comes before authentication.
 * @throws {KmsError} `SerializationException` without text (operations.md 1.4, row 3).
 */
export function parseBody(body: Uint8Array): object {
  let value: unknown
  try {
    value = parseJson(body, JSON_DEPTH_MAX)
  } catch (error) {
    if (error instanceof JsonError) throw unreadable(error)
    throw error
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable()
  return value
}

function unreadable(cause?: unknown): KmsError {
  return new KmsError('SerializationException', undefined, { cause })
}
