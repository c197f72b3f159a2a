/** Options of `startKeyhold()`, which a test in JavaScript may misspell: checked like flags, by their own names. */
import { closest } from '../config/did-you-mean.ts'
import { accountId, type Kind, regionName, wholeNumber } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { GRANT_PROPAGATION_DELAY_MS_MAX } from '../config/settings.ts'

/** Of those that are not here, who uses them says what is wrong with them. */
const CHECKED: Readonly<Record<string, Kind<unknown>>> = {
  account: accountId,
  region: regionName,
  port: wholeNumber(0, 65_535),
  grantPropagationDelayMs: wholeNumber(0, GRANT_PROPAGATION_DELAY_MS_MAX),
}

/** Parts of a duration, by which a clock is moved. */
const PARTS = Object.freeze(['days', 'hours', 'minutes', 'seconds', 'milliseconds'])

/** @param known names of all options. @throws {UsageError} */
export function checkOptions(options: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!known.includes(name)) throw unknown('startKeyhold: there is no option', name, known)
    const kind = CHECKED[name]
    if (kind !== undefined && kind.read(String(value), '') === undefined) {
      throw new UsageError(`startKeyhold: ${name}: expected ${kind.expected}, got '${value}'`)
    }
  }
}

/** A misspelt part would leave the clock where it is, and the test would not know. @throws {UsageError} */
export function checkDuration(by: unknown): void {
  if (typeof by !== 'object' || by === null) {
    throw new UsageError(`clock.advance: expected milliseconds, or parts such as { days: 90 }, got '${by}'`)
  }
  for (const [name, value] of Object.entries(by)) {
    if (!PARTS.includes(name)) throw unknown('clock.advance: there is no', name, PARTS)
    if (value !== undefined && typeof value !== 'number') {
      throw new UsageError(`clock.advance: ${name}: expected a number, got '${value}'`)
    }
  }
}

/** By what it can do: a test runner may have a Date of its own. @throws {UsageError} */
export function checkTime(time: unknown): void {
  if (typeof (time as Date | null | undefined)?.getTime === 'function') return
  throw new UsageError(`clock.set: expected a Date, got '${time}'`)
}

function unknown(what: string, name: string, known: readonly string[]): UsageError {
  const near = closest(name, known)
  return new UsageError(`${what} '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`)
}
