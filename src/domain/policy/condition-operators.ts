/** The condition operators of the policy language and the values that each can compare with (authorization.md 1.5). */
import { Base64Error, decodeBase64 } from '../../base/base64.ts'

const TEXTS = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'ArnEquals',
  'ArnLike',
  'ArnNotEquals',
  'ArnNotLike',
]

const COMPARISONS = ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals']

const NUMBER = /^[+-]?\d+(\.\d+)?$/
/** Epoch seconds, or the W3C profile of ISO 8601. */
const DATE =
  /^(\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d))?)?)?|-?\d+(\.\d+)?)$/

const isText = () => true
const isNumber = (text: string) => NUMBER.test(text)
const isDate = (text: string) => DATE.test(text)
const isBoolean = (text: string) => /^(true|false)$/i.test(text)

const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/

function isAddressRange(text: string): boolean {
  const [, address, bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  if (address === undefined) return false
  if (IPV4.test(address)) return Number(bits ?? 32) <= 32
  return isIpv6(address) && Number(bits ?? 128) <= 128
}

function isIpv6(address: string): boolean {
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) && URL.canParse(`http://[${address}]/`)
}

function isBase64(text: string): boolean {
  try {
    decodeBase64(text)
    return true
  } catch (error) {
    if (error instanceof Base64Error) return false
    throw error
  }
}

const VALUE_CHECKS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ...TEXTS.map((name) => [name, isText] as const),
  ...COMPARISONS.map((comparison) => [`Numeric${comparison}`, isNumber] as const),
  ...COMPARISONS.map((comparison) => [`Date${comparison}`, isDate] as const),
  ['Bool', isBoolean],
  ['BinaryEquals', isBase64],
  ['IpAddress', isAddressRange],
  ['NotIpAddress', isAddressRange],
])

export interface ConditionOperator {
  readonly base: string
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined
  /** Can the text be compared with at all? A Deny that can never match would be a hole (C-13). */
  accepts(text: string): boolean
}

/** `undefined` for a name that is no operator; case-sensitive. */
export function conditionOperator(name: string): ConditionOperator | undefined {
  // Null takes neither a set operator nor IfExists.
  if (name === 'Null') return { base: name, set: undefined, accepts: isBoolean }
  const [, set, base] = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(?:IfExists)?$/.exec(name) ?? []
  const accepts = base === undefined ? undefined : VALUE_CHECKS.get(base)
  if (accepts === undefined) return undefined
  return { base: base!, set: set as ConditionOperator['set'], accepts }
}
