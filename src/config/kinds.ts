/** Kinds of setting values: how each is read from the text that a flag, a variable or a file gives. */
import { isAbsolute, resolve } from 'node:path'
import { isAccount, isRegion, parseArn } from '../base/arn.ts'

export interface Kind<T> {
  /** Stands for the value in help; `undefined` for a switch, which needs none. */
  readonly placeholder: string | undefined
  /** Completes "expected …". */
  readonly expected: string
  /** Errors do not repeat what was given. */
  readonly isSecret?: boolean
  /** @param folder what relative paths start from. @returns `undefined` if the text is no such value. */
  read(text: string, folder: string): T | undefined
}

const HOST =
  /^(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9]+)?$/

/** Without the brackets that an IPv6 address has in a URL. */
export const hostName: Kind<string> = {
  placeholder: 'HOST',
  expected: 'a host name or an IP address',
  read(text) {
    const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
    return HOST.test(bare) || IPV6.test(bare) ? bare : undefined
  },
}

export function wholeNumber(min: number, max: number): Kind<number> {
  return {
    placeholder: 'NUMBER',
    expected: `a whole number from ${min} to ${max}`,
    read(text) {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
  }
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** `500ms`, `5s`, `2m`, `1h`. @returns milliseconds. */
export function duration(maxMs: number): Kind<number> {
  const most = maxMs % UNITS.m === 0 ? `${maxMs / UNITS.m}m` : `${maxMs / UNITS.s}s`
  return {
    placeholder: 'DURATION',
    expected: `a duration such as 500ms, 5s or 2m, at most ${most}`,
    read(text) {
      const [, count, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? []
      const value = count === undefined ? Number.NaN : Number(count) * UNITS[unit as keyof typeof UNITS]
      return value <= maxMs ? value : undefined
    },
  }
}

export function oneOf<const V extends readonly string[]>(...values: V): Kind<V[number]> {
  return {
    placeholder: values.join('|'),
    expected: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
    read: (text) => values.find((value) => value === text),
  }
}

export function path(placeholder: string): Kind<string> {
  return {
    placeholder,
    expected: 'a path',
    read(text, folder) {
      if (text === '' || text.includes('\0')) return undefined
      return isAbsolute(text) ? text : resolve(folder, text)
    },
  }
}

/** ISO 8601, a day or a time of it, in UTC where no zone is named; milliseconds since the epoch. */
export const instant: Kind<number> = {
  placeholder: 'TIME',
  expected: 'a time such as 2027-01-31 or 2027-01-31T12:00:00Z',
  read(text) {
    if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) return undefined
    const time = Date.parse(/T.*[Z+-]/.test(text) || !text.includes('T') ? text : `${text}Z`)
    return Number.isNaN(time) ? undefined : time
  },
}

const YES = new Set(['true', '1', 'yes', 'on'])
const NO = new Set(['false', '0', 'no', 'off'])

export const yesOrNo: Kind<boolean> = {
  placeholder: undefined,
  expected: 'true or false',
  read(text) {
    const word = text.toLowerCase()
    if (YES.has(word)) return true
    return NO.has(word) ? false : undefined
  },
}

/** The same with its value in sight, for what is on unless somebody says no: `--console no`. */
export const yesNoWord: Kind<boolean> = { ...yesOrNo, placeholder: 'yes|no', expected: 'yes or no' }

/** As AWS writes it: `--read-only false`. */
export const trueFalseWord: Kind<boolean> = { ...yesOrNo, placeholder: 'true|false' }

const PCR = /^(\d{1,2})=([0-9a-fA-F]{96})$/
const PCR_INDEX_MAX = 31

/** `0=HEX,8=HEX`: platform configuration registers, SHA-384. */
export const pcrList: Kind<ReadonlyMap<number, Uint8Array>> = {
  placeholder: 'N=HEX,…',
  expected: `a list like 0=HEX,8=HEX with numbers up to ${PCR_INDEX_MAX} and 96 hex digits each`,
  read(text) {
    const pcrs = new Map<number, Uint8Array>()
    for (const item of text.split(',')) {
      const [, index, digest] = PCR.exec(item) ?? []
      if (index === undefined || Number(index) > PCR_INDEX_MAX || pcrs.has(Number(index))) return undefined
      pcrs.set(Number(index), Uint8Array.from(Buffer.from(digest!, 'hex')))
    }
    return pcrs
  },
}

/** Where something is posted to: nobody on the way may read it. */
export const postAddress: Kind<string> = {
  placeholder: 'URL',
  expected: 'an https:// address without user and password, or an http:// one of this machine',
  isSecret: true,
  read(text) {
    const url = URL.parse(text)
    if (url === null || url.username !== '' || url.password !== '') return undefined
    const isLocal = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal) ? url.href : undefined
  },
}

/** Where signed requests go to; whoever could read them on the way would learn what they are about. */
export const serviceOrigin: Kind<string> = {
  placeholder: 'URL',
  expected: 'an https:// address without a path, or an http:// one of this machine',
  read(text) {
    const href = postAddress.read(text, '')
    const url = href === undefined ? null : URL.parse(href)
    return url !== null && url.href === `${url.origin}/` ? url.origin : undefined
  },
}

export const keyArn: Kind<string> = {
  placeholder: 'ARN',
  expected: 'the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID',
  read(text) {
    const arn = parseArn(text)
    const isKey = arn?.service === 'kms' && /^key\/[A-Za-z0-9-]{1,64}$/.test(arn.resource)
    return isKey && isRegion(arn.region) && isAccount(arn.account) ? text : undefined
  },
}

/** An alias may lead to another key later. */
export const keyOrAliasArn: Kind<string> = {
  placeholder: 'ARN',
  expected: 'the ARN of a KMS key or alias, arn:aws:kms:REGION:ACCOUNT:key/ID or …:alias/NAME',
  read(text) {
    if (keyArn.read(text, '') !== undefined) return text
    const arn = parseArn(text)
    const isAlias = arn?.service === 'kms' && /^alias\/[a-zA-Z0-9/_-]{1,250}$/.test(arn.resource)
    return isAlias && isRegion(arn.region) && isAccount(arn.account) ? text : undefined
  },
}

export const accountId: Kind<string> = {
  placeholder: 'ID',
  expected: 'an account id of 12 digits',
  read: (text) => (isAccount(text) ? text : undefined),
}

export const regionName: Kind<string> = {
  placeholder: 'REGION',
  expected: 'a Region name such as eu-central-1',
  read: (text) => (isRegion(text) ? text : undefined),
}

/** `vault`, or `serial=3f5b…,serial=…`: tokens of HSMs that have the same keys, by labels or serial numbers. */
export const tokenNames: Kind<readonly ({ readonly serial: string } | { readonly label: string })[]> = {
  placeholder: 'TOKEN,…',
  expected: 'labels of tokens, or serial=NUMBER',
  read(text) {
    const names = text.split(',').map((name) => name.trim())
    if (names.some((name) => name === '' || name === 'serial=')) return undefined
    return names.map((name) =>
      name.startsWith('serial=') ? { serial: name.slice('serial='.length) } : { label: name },
    )
  },
}

/** Addresses and CIDR ranges, `10.0.0.0/8,2001:db8::1`; whether each is one, who uses them says. */
export const addressRanges: Kind<readonly string[]> = {
  placeholder: 'RANGE,…',
  expected: 'a list of addresses and ranges such as 10.0.0.5,192.0.2.0/24',
  read(text) {
    const ranges = text.split(',').map((range) => range.trim())
    return ranges.every((range) => /^[\dA-Fa-f.:]+(?:\/\d{1,3})?$/.test(range)) ? ranges : undefined
  },
}

/** Whatever is not empty; who uses it says what is wrong with it. */
export function text(placeholder: string): Kind<string> {
  return { placeholder, expected: 'a text', read: (given) => (given === '' ? undefined : given) }
}

/** `name=value,name=value`; a comma in a value is written `\,`. */
export const textPairs: Kind<Readonly<Record<string, string>>> = {
  placeholder: 'NAME=VALUE,…',
  expected: 'a list like name=value,other=value',
  read(text) {
    const pairs: Record<string, string> = Object.create(null)
    for (const item of text.split(/(?<!\\),/)) {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(item.replaceAll('\\,', ',')) ?? []
      if (name === undefined || name in pairs) return undefined
      pairs[name] = value!
    }
    return { ...pairs }
  },
}
