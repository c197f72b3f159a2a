/** The headers of a request, found by their names. */

/** Their names, in order. Requests of one client have the same ones, so what follows from them is worked out once. */
export class HeaderNames {
  readonly asSent: readonly string[]
  /** X-Amz-*, in lower case. */
  readonly amz: readonly string[]
  /** By the name in lower case: where its value is, or all of its values are. */
  readonly #places = new Map<string, number | readonly number[]>()

  constructor(asSent: readonly string[]) {
    this.asSent = asSent
    asSent.forEach((sent, place) => {
      const name = sent.toLowerCase()
      const before = this.#places.get(name)
      this.#places.set(name, before === undefined ? place : [before, place].flat())
    })
    this.amz = [...this.#places.keys()].filter((name) => name.startsWith('x-amz-'))
  }

  /** @param name in lower case. */
  placesOf(name: string): number | readonly number[] | undefined {
    return this.#places.get(name)
  }
}

export class RequestHeaders {
  readonly names: HeaderNames
  /** As many as names, as sent. */
  readonly values: readonly string[]

  constructor(names: HeaderNames, values: readonly string[]) {
    this.names = names
    this.values = values
  }

  /** @param raw `[name, value, name, value, …]` as sent: node's list. */
  static of(raw: readonly string[]): RequestHeaders {
    const names = new HeaderNames(raw.filter((_, index) => index % 2 === 0))
    return new RequestHeaders(
      names,
      raw.filter((_, index) => index % 2 === 1),
    )
  }

  /**
   * `undefined` if it was not sent. Several of one name are joined by a comma (RFC 9110 5.3), here as in the canonical request:
   * nobody can sign one of two and have the other one obeyed.
   * @param name in lower case.
   */
  get(name: string): string | undefined {
    const places = this.names.placesOf(name)
    if (places === undefined) return undefined
    return typeof places === 'number' ? this.values[places] : places.map((place) => this.values[place]).join(',')
  }
}
