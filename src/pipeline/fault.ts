/** One fault that a development server makes on purpose, and how it is read from what somebody gives (docs/faults.md). */

/** Whom it hits, what becomes of them, and how often. Of the effects there is at least one; `error` and `drop` exclude each other. */
export interface Fault {
  /** Name of the operation, of STS and IAM too; every one if absent. */
  readonly operation?: string
  /** For which the request is signed; every one if absent. */
  readonly region?: string
  /** Only calls that name this key, in the way that they do: key id, alias or the ARN of either. */
  readonly keyId?: string
  /** The call is refused with this exception, before anything is done: `ThrottlingException`. */
  readonly error?: string
  /** Of the exception. */
  readonly message?: string
  /** HTTP status of the exception; AWS's if absent. */
  readonly status?: number
  /** The connection ends without an answer: before anything is done (`request`), or once the call is done (`answer`). */
  readonly drop?: 'request' | 'answer'
  /** The call waits for so many milliseconds of real time before anything else. */
  readonly delayMs?: number
  /** So many calls are let through first; none if absent. */
  readonly skip?: number
  /** Only each so manieth of the others is hit; each one if absent. */
  readonly every?: number
  /** After so many hits it is over; never if absent. */
  readonly times?: number
}

/** A text that explains what is wrong with a fault. */
export class FaultError extends Error {}

export const FAULT_DELAY_MS_MAX = 600_000
const COUNT_MAX = 1_000_000_000
const TEXT_CHARS_MAX = 2_048

type Check = (value: unknown) => string | undefined

const isCount = (value: unknown, min: number, max: number) =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max

const aNumber =
  (min: number, max: number): Check =>
  (value) =>
    isCount(value, min, max) ? undefined : `a whole number from ${min} to ${max}`

const aText: Check = (value) =>
  typeof value === 'string' && value !== '' && value.length <= TEXT_CHARS_MAX
    ? undefined
    : `a text of at most ${TEXT_CHARS_MAX} characters`

/** What each member is expected to be; `undefined`: it is. */
const MEMBERS: Readonly<Record<keyof Fault, Check>> = {
  operation: aText,
  region: aText,
  keyId: aText,
  error: (value) =>
    typeof value === 'string' && /^[A-Z][A-Za-z]{2,99}$/.test(value) ? undefined : 'a name such as ThrottlingException',
  message: aText,
  status: aNumber(400, 599),
  drop: (value) => (value === 'request' || value === 'answer' ? undefined : `'request' or 'answer'`),
  delayMs: aNumber(0, FAULT_DELAY_MS_MAX),
  skip: aNumber(0, COUNT_MAX),
  every: aNumber(1, COUNT_MAX),
  times: aNumber(1, COUNT_MAX),
}

/**
 * A misspelt fault would hit nothing, and a test would believe that all is well.
 * @param operations names of all that there are.
 * @throws {FaultError}
 */
export function readFault(value: unknown, operations: ReadonlySet<string>): Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FaultError(`expected an object such as {"operation":"Decrypt","error":"ThrottlingException"}`)
  }
  const given = Object.entries(value).filter(([, member]) => member !== undefined)
  for (const [name, member] of given) {
    if (!Object.hasOwn(MEMBERS, name)) {
      throw new FaultError(`there is no '${name}'; there are ${Object.keys(MEMBERS).join(', ')}`)
    }
    const expected = MEMBERS[name as keyof Fault](member)
    if (expected !== undefined) throw new FaultError(`${name}: expected ${expected}`)
  }
  const fault = Object.freeze(Object.fromEntries(given)) as Fault
  const { operation, error, message, status, drop, delayMs } = fault
  if (operation !== undefined && !operations.has(operation)) {
    throw new FaultError(`operation: there is no ${operation}; expected a name such as Decrypt`)
  }
  if (error === undefined && drop === undefined && delayMs === undefined) {
    throw new FaultError('one of error, drop and delayMs must say what becomes of the calls')
  }
  if (error !== undefined && drop !== undefined) throw new FaultError('error and drop exclude each other')
  if (error === undefined && (message ?? status) !== undefined) throw new FaultError('message and status need an error')
  return fault
}
