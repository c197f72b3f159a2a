/** Values as XML of the query protocol (authorization.md 6.2). */

/** What XML 1.0 cannot hold in any spelling: most control characters, two non-characters, lone surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** A reader would turn a bare carriage return into a line feed. */
const SPECIAL = /[&<>"'\r]/g

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#xD;',
}

/** U+FFFD stands for what XML cannot hold, so that no text can break a document. */
export function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replace(IMPOSSIBLE, '\ufffd')
    .replace(SPECIAL, (character) => ESCAPES[character]!)
}

/**
 * One element; nothing for `undefined` and `null`. Items of a list are `<member>`s, pairs of a `Map` `<entry>`s.
 * @param name a name of our own: it is not escaped.
 */
export function xmlElement(name: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  const content = xmlContent(value)
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`
}

function xmlContent(value: unknown): string {
  if (typeof value !== 'object') return xmlText(String(value))
  let content = ''
  if (Array.isArray(value)) {
    for (const item of value) content += xmlElement('member', item)
  } else if (value instanceof Map) {
    for (const [key, item] of value) content += `<entry>${xmlElement('key', key)}${xmlElement('value', item)}</entry>`
  } else {
    for (const [name, member] of Object.entries(value as object)) content += xmlElement(name, member)
  }
  return content
}
