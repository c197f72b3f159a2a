/** Reads node's flat list of headers (`[name, value, name, value, …]`), so that no object is built for a request. */

/**
 * The value of a header, `undefined` if it was not sent. Several of one name are joined by a comma (RFC 9110 5.3), here as
 * in the canonical request: nobody can sign one of two and have the other one obeyed.
 * @param name in lower case.
 */
export function headerValue(rawHeaders: readonly string[], name: string): string | undefined {
  let value: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!isHeaderName(rawHeaders[index]!, name)) continue
    const found = rawHeaders[index + 1]!
    value = value === undefined ? found : `${value},${found}`
  }
  return value
}

/** Most names differ in length already, which is why this beats a lower-cased copy of the list. */
function isHeaderName(raw: string, name: string): boolean {
  return raw.length === name.length && (raw === name || raw.toLowerCase() === name)
}
