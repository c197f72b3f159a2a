/** Follows markers until a list has ended. */

/** Beyond this many items a list says that it is not complete. */
export const ITEMS_MAX = 20_000

export interface WholeList<T> {
  readonly items: readonly T[]
  /** There are more than `ITEMS_MAX`. */
  readonly isCut: boolean
}

/** @param page asks for the page that begins at a marker. @param itemsOf what is in its answer. */
export async function allPages<T, Page extends { NextMarker?: string | undefined }>(
  page: (marker: string | undefined) => Promise<Page>,
  itemsOf: (answer: Page) => readonly T[] | undefined,
): Promise<WholeList<T>> {
  const items: T[] = []
  let marker: string | undefined
  do {
    const answer = await page(marker)
    items.push(...(itemsOf(answer) ?? []))
    marker = answer.NextMarker
  } while (marker !== undefined && items.length < ITEMS_MAX)
  return { items, isCut: marker !== undefined }
}
