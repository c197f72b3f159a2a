/** Query strings: read, and in the canonical form of SigV4. */

export interface QueryParameter {
  /** Decoded. */
  readonly name: string
  readonly value: string
}

/** In the order sent; what is not valid percent-encoding stands for itself. */
export function readQuery(query: string): QueryParameter[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      return equals === -1
        ? { name: decode(part), value: '' }
        : { name: decode(part.slice(0, equals)), value: decode(part.slice(equals + 1)) }
    })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Encoded, sorted by name and then by value; without the signature, which cannot sign itself. */
export function canonicalQuery(parameters: readonly QueryParameter[]): string {
  return parameters
    .filter(({ name }) => name !== 'X-Amz-Signature')
    .map(({ name, value }) => [encode(name), encode(value)] as const)
    .sort(([leftName, leftValue], [rightName, rightValue]) =>
      compare(leftName === rightName ? leftValue : leftName, leftName === rightName ? rightValue : rightName),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** By code unit; the encoded forms are ASCII. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** Everything but the unreserved characters of RFC 3986, in upper-case hex. Lone surrogates become U+FFFD. */
export function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
