/** Dates of requests in ISO 8601 basic format, `20150830T123600Z`, and how far they may be off. */
import { SECOND_MS } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'

const LENGTH = '20150830T123600Z'.length

/** Milliseconds since the epoch; `undefined` if the text is no such date. */
export function parseBasicDate(text: string): number | undefined {
  if (text.length !== LENGTH || text[8] !== 'T' || text[15] !== 'Z') return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 4, 6)
  const day = digits(text, 6, 8)
  const hour = digits(text, 9, 11)
  const minute = digits(text, 11, 13)
  const second = digits(text, 13, 15)
  // Written so that NaN, which compares false with everything, is refused everywhere.
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return undefined
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function digits(text: string, start: number, end: number): number {
  let number = 0
  for (let index = start; index < end; index++) {
    const digit = text.charCodeAt(index) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return number
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && isLeap ? 29 : DAYS[month - 1]!
}

export function basicDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

/**
 * @param text the request's date.
 * @param validMs how long after its date the request may arrive.
 * @param skewMs how long before its date.
 * @throws {KmsError} rows 4 to 6 of operations.md 1.6.
 */
export function checkRequestDate(text: string, now: number, validMs: number, skewMs: number): void {
  const time = parseBasicDate(text)
  if (time === undefined) {
    throw new KmsError(
      'IncompleteSignatureException',
      `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    )
  }
  if (now - time > validMs) {
    const limits = `${basicDate(now - validMs)} (${basicDate(now)} - ${duration(validMs)})`
    throw new KmsError('InvalidSignatureException', `Signature expired: ${text} is now earlier than ${limits}`)
  }
  if (time - now > skewMs) {
    const limits = `${basicDate(now + skewMs)} (${basicDate(now)} + ${duration(skewMs)})`
    throw new KmsError('InvalidSignatureException', `Signature not yet current: ${text} is still later than ${limits}`)
  }
}

function duration(ms: number): string {
  const seconds = ms / SECOND_MS
  return seconds % 60 === 0 ? `${seconds / 60} min.` : `${seconds} sec.`
}
