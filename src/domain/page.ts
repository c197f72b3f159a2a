/** A part of a list. */
export interface Page {
  /** Name of the last item of the page before; `undefined`: from the start. */
  readonly after: string | undefined
  readonly limit: number
}
