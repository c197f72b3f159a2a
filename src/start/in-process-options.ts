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

/** @param known names of all options. @throws {UsageError} */
export function checkOptions(options: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!known.includes(name)) {
      const near = closest(name, known)
      throw new UsageError(
        `startKeyhold: there is no option '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
      )
    }
    const kind = CHECKED[name]
    if (kind !== undefined && kind.read(String(value), '') === undefined) {
      throw new UsageError(`startKeyhold: ${name}: expected ${kind.expected}, got '${value}'`)
    }
  }
}
