/** Texts for a terminal, in which callers may have had a hand: names, statements, encryption contexts, errors. */

/** ECMA-48 C0 and C1, but for tab and line feed, and DEL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** For a name or text that is a part of a line: it cannot begin another one, and pass for what the program says. */
export function inOneLine(text: string): string {
  return withoutControls(text.replaceAll('\n', '\\n'))
}

/** What would steer the terminal is spelled as JSON spells it, so that JSON stays what it is. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
