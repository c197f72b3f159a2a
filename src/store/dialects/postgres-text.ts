/**
 * PostgreSQL's text cannot hold the character NUL, which descriptions and policies may have: it is written as two others. The first of
 * them, from Unicode's area for private use, is written as two as well, so that every text comes back as it was.
 */

const ESCAPE = '\u{F8FE}'
const WRITTEN: Readonly<Record<string, string>> = { '\0': `${ESCAPE}0`, [ESCAPE]: `${ESCAPE}1` }
const READ: Readonly<Record<string, string>> = { [`${ESCAPE}0`]: '\0', [`${ESCAPE}1`]: ESCAPE }

export function toColumn(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[\0\u{F8FE}]/gu, (character) => WRITTEN[character]!) : value
}

export function fromColumn(text: string): string {
  return text.includes(ESCAPE) ? text.replace(/\u{F8FE}[01]/gu, (pair) => READ[pair]!) : text
}
