/** How much of everything an account may have in a Region, and how often it may call (operations.md section 7, docs/quotas.md). */
import { ALIASES_PER_KEY_MAX, GRANTS_PER_KEY_MAX, KEYS_PER_ACCOUNT_AND_REGION_MAX } from '../base/limits.ts'
import { createRateCounter } from './rate-counter.ts'
import { awsRequestQuota } from './request-quotas.ts'

/** No limit, in a form that survives JSON. */
export const UNLIMITED: number = Number.MAX_SAFE_INTEGER

export interface ResourceQuotas {
  /** Customer managed keys in an account and Region, replicas included. */
  readonly keys: number
  readonly aliasesPerKey: number
  readonly grantsPerKey: number
}

/** Requests per second of an account and Region, by row ({@link RequestRow}); rows that are absent follow `others`. */
export interface RequestQuotas {
  readonly others: 'aws' | 'unlimited'
  readonly rows: Readonly<Record<string, number>>
}

export interface AccountQuotas extends ResourceQuotas {
  readonly requests: RequestQuotas
}

/** Plain data: workers get it by message. */
export interface QuotaSettings {
  readonly default: AccountQuotas
  /** By account; the others have the default. */
  readonly accounts: Readonly<Record<string, AccountQuotas>>
}

/** operations.md 7.1: AWS's own; how often anybody calls is not limited. */
export const DEFAULT_QUOTAS: AccountQuotas = Object.freeze({
  keys: KEYS_PER_ACCOUNT_AND_REGION_MAX,
  aliasesPerKey: ALIASES_PER_KEY_MAX,
  grantsPerKey: GRANTS_PER_KEY_MAX,
  requests: { others: 'unlimited', rows: {} } as const,
})

/**
 * What shares a quota: `symmetric`, `rsa`, `ecc` or `ml-dsa` for cryptography with such keys, `GenerateDataKeyPair <spec>`, or the name of
 * another operation.
 */
export type RequestRow = string

export interface Quotas {
  of(account: string): ResourceQuotas
  /**
   * Counts a request. `undefined`: nobody's requests are limited.
   * @throws {KmsError} `ThrottlingException` if the account has had all of this second.
   */
  readonly takeRequest: ((account: string, region: string, row: RequestRow) => void) | undefined
}

export function createQuotas(
  { default: usual, accounts }: QuotaSettings = { default: DEFAULT_QUOTAS, accounts: {} },
  counter = createRateCounter(),
): Quotas {
  const own = new Map(Object.entries(accounts))
  const of = (account: string): AccountQuotas => own.get(account) ?? usual

  function takeRequest(account: string, region: string, row: RequestRow): void {
    const { rows, others } = of(account).requests
    const most = rows[row] ?? (others === 'aws' ? awsRequestQuota(row, region) : undefined)
    if (most !== undefined) counter.take(`${account}/${region}/${row}`, most)
  }

  const isLimited = [usual, ...own.values()].some(
    ({ requests }) => requests.others === 'aws' || Object.keys(requests.rows).length > 0,
  )
  return { of, takeRequest: isLimited ? takeRequest : undefined }
}
