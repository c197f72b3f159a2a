/** Dates of policies: the W3C profile of ISO 8601, or seconds since the epoch (authorization.md 1.5). */

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(?:Z|([+-])(\d\d):?(\d\d)))?)?)?$/
const EPOCH_SECONDS = /^-?\d+(\.\d+)?$/

/** Milliseconds since the epoch; four digits are a year. `undefined`: no date. */
export function parsePolicyDate(text: string): number | undefined {
  const parts = DATE.exec(text)
  if (parts === null) return EPOCH_SECONDS.test(text) ? Number(text) * 1000 : undefined
  const number = (index: number, otherwise: number) => Number(parts[index] ?? otherwise)
  const [year, month, day] = [number(1, 0), number(2, 1), number(3, 1)]
  const [hour, minute, second, fraction] = [number(4, 0), number(5, 0), number(6, 0), number(7, 0)]
  const [zoneHour, zoneMinute] = [number(9, 0), number(10, 0)]
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined
  const ahead = (zoneHour * 60 + zoneMinute) * (parts[8] === '-' ? -60_000 : 60_000)
  return utc(year, month, day) + ((hour * 60 + minute) * 60 + second + fraction) * 1000 - ahead
}

/** `Date.UTC` reads years below 100 as of the twentieth century. */
function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day)
}

function daysOf(year: number, month: number): number {
  return new Date(utc(year, month + 1, 0)).getUTCDate()
}
