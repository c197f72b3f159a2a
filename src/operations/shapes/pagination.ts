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
  return Buffer.from(JSON.stringify([...scope, name])).toString('base64url')
}

/** The name that `markerOf` put into it; `undefined` for a marker that we did not give. */
export function nameInMarker(marker: string, scope: MarkerScope): string | undefined {
  const name = lastText(Buffer.from(marker, 'base64url').toString())
  // Spelled again, so that exactly one text is valid.
  return name === undefined || markerOf(scope, name) !== marker ? undefined : name
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

function lastText(json: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(json)
    const last: unknown = Array.isArray(parts) ? parts.at(-1) : undefined
    return typeof last === 'string' ? last : undefined
  } catch {
    return undefined
  }
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
