/**
 * A line of the log as the record that it is. Whoever may write the folder can put in lines that no server wrote; they count for nothing,
 * and must not keep anybody from the records around them.
 */

/** @returns `undefined` of a line that is no JSON object. */
export function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

/** @returns `undefined` also of what has no record's time, caller and resources, so that these can be looked at. */
export function parseRecord(line: string): Readonly<Record<string, unknown>> | undefined {
  const record = parseLine(line)
  const { eventTime, userIdentity = {}, resources = [] } = record ?? {}
  const isOne =
    Number.isFinite(Date.parse(String(eventTime))) &&
    isCaller(userIdentity) &&
    Array.isArray(resources) &&
    resources.every(isObject)
  return isOne ? record : undefined
}

function isCaller(value: unknown): boolean {
  if (!isObject(value)) return false
  const { arn, userName } = value as { readonly arn?: unknown; readonly userName?: unknown }
  return [arn, userName].every((name) => name === undefined || typeof name === 'string')
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
