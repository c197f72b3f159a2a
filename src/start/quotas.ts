/** Quotas that the operator sets, in a YAML file (docs/quotas.md). */
import { isAccount } from '../base/arn.ts'
import {
  type AccountQuotas,
  DEFAULT_QUOTAS,
  type QuotaSettings,
  type RequestQuotas,
  UNLIMITED,
} from '../domain/quotas.ts'
import { awsRequestQuota, KEY_FAMILIES } from '../domain/request-quotas.ts'
import { type OperatorFile, openOperatorFile } from './operator-file.ts'

const FLAG = '--quotas'
const HINT = 'docs/quotas.md shows such a file'

const MOST = 1_000_000_000

/** @throws {UsageError} with the place of what cannot be used. */
export function readQuotas(path: string): QuotaSettings {
  const file = openOperatorFile(path, FLAG, HINT)
  file.checkNames(file.contents, ['default', 'accounts'], path)
  const usual = readEntry(file.contents.default, DEFAULT_QUOTAS, file, `${path}: default`)
  const accounts = file.mapping(file.contents.accounts ?? {}, `${path}: accounts`)
  const own = Object.entries(accounts).map(([account, entry]) => {
    const where = `${path}: accounts: ${account}`
    if (!isAccount(account)) throw file.unusable(where, 'expected an account id of 12 digits, in quotes')
    return [account, readEntry(entry, usual, file, where)] as const
  })
  return { default: usual, accounts: Object.fromEntries(own) }
}

const MEMBERS = ['keys', 'aliases-per-key', 'grants-per-key', 'requests-per-second'] as const

/** @param above has what is not said here. */
function readEntry(value: unknown, above: AccountQuotas, file: OperatorFile, where: string): AccountQuotas {
  const entry = file.mapping(value ?? {}, where)
  file.checkNames(entry, MEMBERS, where)
  const number = (name: (typeof MEMBERS)[number], otherwise: number) =>
    entry[name] === undefined ? otherwise : readNumber(entry[name], 1, file, `${where}: ${name}`)
  return {
    keys: number('keys', above.keys),
    aliasesPerKey: number('aliases-per-key', above.aliasesPerKey),
    grantsPerKey: number('grants-per-key', above.grantsPerKey),
    requests: readRequests(entry['requests-per-second'], above.requests, file, `${where}: requests-per-second`),
  }
}

function readNumber(value: unknown, least: number, file: OperatorFile, where: string): number {
  if (value === 'unlimited') return UNLIMITED
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= MOST) return value as number
  throw file.unusable(where, `expected a whole number from ${least} to ${MOST}, or unlimited`)
}

function readRequests(value: unknown, above: RequestQuotas, file: OperatorFile, where: string): RequestQuotas {
  if (value === undefined) return above
  if (value === 'aws' || value === 'unlimited') return { others: value, rows: {} }
  const { others = above.others, ...rows } = file.mapping(value, where)
  if (others !== 'aws' && others !== 'unlimited') throw file.unusable(`${where}: others`, 'expected aws or unlimited')
  const own = Object.entries(rows).map(([row, most]) => {
    if (!isRow(row)) {
      const kinds = `${KEY_FAMILIES.join(', ')}, an operation such as CreateKey, or GenerateDataKeyPair RSA_2048`
      throw file.unusable(where, `'${row}' is none of ${kinds}`)
    }
    return [row, readNumber(most, 0, file, `${where}: ${row}`)] as const
  })
  return { others, rows: { ...above.rows, ...Object.fromEntries(own) } }
}

/** AWS has a quota for every one that there is; which Region is asked makes no difference to that. */
function isRow(name: string): boolean {
  return awsRequestQuota(name, 'us-east-1') !== undefined
}
