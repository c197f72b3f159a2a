/** Pages of IAM's lists: `MaxItems` and `Marker` in, `IsTruncated` and `Marker` out. */
import { validationError } from '../../base/errors.ts'
import { integer, optional, string } from '../../base/schema.ts'
import type { Page } from '../../domain/page.ts'

const ITEMS_BY_DEFAULT = 100

/** Spread into the members of a list operation. */
export const pageMembers = {
  Marker: optional(string({ min: 1, max: 320, pattern: '[\\u0020-\\u00FF]+' })),
  MaxItems: optional(integer(1, 1000)),
} as const

export interface IamPageRequest {
  readonly Marker?: string
  readonly MaxItems?: number
}

/** `Marker` is there only if there is more. */
export interface IamPageEnd {
  readonly IsTruncated: boolean
  readonly Marker?: string
}

/**
 * Opaque to the client and no secret: a list is the caller's own whatever its marker says. Names are short enough for the
 * 320 characters that a client may send back.
 */
function markerOf(operation: string, after: string): string {
  return Buffer.from(JSON.stringify([operation, after])).toString('base64url')
}

/**
 * For the store: one item more than was asked for, so that {@link iamPage} sees whether there is more.
 * @param operation which list the marker must be from.
 * @throws {KmsError} `ValidationException` for a marker that we did not give.
 */
export function iamPageStart({ Marker, MaxItems = ITEMS_BY_DEFAULT }: IamPageRequest, operation: string): Page {
  return { after: Marker === undefined ? undefined : afterOf(Marker, operation), limit: MaxItems + 1 }
}

function afterOf(marker: string, operation: string): string {
  const after = lastText(Buffer.from(marker, 'base64url').toString())
  // Spelled again, so that exactly one text is valid.
  if (after === undefined || markerOf(operation, after) !== marker) throw validationError('Invalid Marker.')
  return after
}

function lastText(json: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(json)
    const last: unknown = Array.isArray(parts) ? parts.at(-1) : undefined
    return typeof last === 'string' ? last : undefined
  } catch {
    return undefined
  }
}

/** @param found from {@link iamPageStart}'s place on, one more than asked for if there are so many. */
export function iamPage<T>(
  { MaxItems = ITEMS_BY_DEFAULT }: IamPageRequest,
  operation: string,
  found: readonly T[],
  nameOf: (item: T) => string,
): { readonly items: readonly T[]; readonly end: IamPageEnd } {
  const items = found.slice(0, MaxItems)
  if (found.length <= MaxItems) return { items, end: { IsTruncated: false } }
  return { items, end: { IsTruncated: true, Marker: markerOf(operation, nameOf(items.at(-1)!)) } }
}

/** A page of a list that is at hand as a whole. @param nameOf different for each item and at most 128 characters of ASCII. */
export function iamPageOf<T>(
  request: IamPageRequest,
  operation: string,
  all: readonly T[],
  nameOf: (item: T) => string,
): { readonly items: readonly T[]; readonly end: IamPageEnd } {
  const { after, limit } = iamPageStart(request, operation)
  const sorted = all
    .map((item) => ({ item, name: nameOf(item) }))
    .filter(({ name }) => after === undefined || name > after)
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .slice(0, limit)
  return iamPage(
    request,
    operation,
    sorted.map(({ item }) => item),
    nameOf,
  )
}

/** A page of a list in which order counts, or whose names may be long: tags, versions. */
export function iamPageByPosition<T>(
  request: IamPageRequest,
  operation: string,
  all: readonly T[],
): { readonly items: readonly T[]; readonly end: IamPageEnd } {
  const { items: positions, end } = iamPageOfPositions(request, operation, all.length)
  return { items: positions.map((position) => all[position]!), end }
}

/** The same of a list that is made as it is read. @returns positions from 0. */
export function iamPageOfPositions(
  request: IamPageRequest,
  operation: string,
  length: number,
): { readonly items: readonly number[]; readonly end: IamPageEnd } {
  const { after, limit } = iamPageStart(request, operation)
  const start = Number(after ?? 0)
  if (!Number.isSafeInteger(start) || start < 0) throw validationError('Invalid Marker.')
  const found = Array.from({ length: Math.max(0, Math.min(limit, length - start)) }, (_, index) => start + index)
  return iamPage(request, operation, found, (position) => String(position + 1))
}
