/** Pages of list operations (operations.md 3.0). */
import { KmsError } from '../../base/errors.ts'

/** What a marker belongs to: the operation, the account, the Region, and what the list was asked of. */
export type MarkerScope = readonly string[]

interface PageRequest {
  readonly Limit?: number
  readonly Marker?: string
}

/** @param documentedMax larger limits are legal on the wire and mean this one (operations.md section 8, row 5). */
export function pageLimit({ Limit }: PageRequest, byDefault: number, documentedMax: number): number {
  return Math.min(Limit ?? byDefault, documentedMax)
}

/** Opaque to the client; it is no secret, for it grants nothing: the list is the caller's own whatever it says. */
export function markerOf(scope: MarkerScope, name: string): string {
  // Not as JSON, whose escapes could make the longest tag key longer than a marker may be (operations.md 3.0).
  return Buffer.from(inScope(scope) + name).toString('base64url')
}

/** The name that `markerOf` put into it; `undefined` for a marker that we did not give. */
export function nameInMarker(marker: string, scope: MarkerScope): string | undefined {
  const text = Buffer.from(marker, 'base64url').toString()
  const before = inScope(scope)
  if (!text.startsWith(before)) return undefined
  const name = text.slice(before.length)
  // Spelled again, so that exactly one text is valid.
  return markerOf(scope, name) === marker ? name : undefined
}

function inScope(scope: MarkerScope): string {
  return scope.map((part) => `${part}\0`).join('')
}

/** The name that `page` put into the marker. @throws {KmsError} `InvalidMarkerException` for one that we did not give. */
export function pageStart({ Marker }: PageRequest, scope: MarkerScope): string | undefined {
  if (Marker === undefined) return undefined
  const name = nameInMarker(Marker, scope)
  if (name === undefined) throw invalidMarker()
  return name
}

export function invalidMarker(): KmsError {
  return new KmsError('InvalidMarkerException')
}

/** `NextMarker` is there only if there is more. */
export interface PageEnd {
  readonly NextMarker?: string
  readonly Truncated: boolean
}

/**
 * @param found one item more than `limit`, if there are so many.
 * @param nameOf where the next page begins, by the last item of this one and the first of the next.
 */
export function page<T>(found: readonly T[], limit: number, scope: MarkerScope, nameOf: (last: T, next: T) => string) {
  const items = found.slice(0, limit)
  const next = found[limit]
  const end: PageEnd =
    next === undefined
      ? { Truncated: false }
      : { NextMarker: markerOf(scope, nameOf(items.at(-1)!, next)), Truncated: true }
  return { items, end }
}
