/** The settings as a person reads them in `--help`. */
import { flagOf, SETTINGS, type SettingName, variableOf } from './settings.ts'

const TEXT_COLUMN = 29
const COLUMNS = 100

/**
 * @param fallbacks words for what a command does without a setting, where that differs from the table.
 * @param meanings what a setting means to the command, where that differs.
 */
export function settingsHelp(
  names: readonly SettingName[],
  fallbacks: Readonly<Partial<Record<SettingName, string>>> = {},
  meanings: Readonly<Partial<Record<SettingName, string>>> = {},
): string {
  const lines = names.flatMap((name) => {
    const { kind, help, fallback, fallbackText } = SETTINGS[name]
    const flag = kind.placeholder === undefined ? flagOf(name) : `${flagOf(name)} ${kind.placeholder}`
    const without =
      fallbacks[name] ?? fallbackText ?? (fallback === undefined || fallback === false ? '' : String(fallback))
    const note = without === '' ? `[${variableOf(name)}]` : `[${variableOf(name)}; default: ${without}]`
    return hangingEntry(flag, `${meanings[name] ?? help} ${note}`)
  })
  return [...lines, ...hangingEntry('--help', 'Show this text.')].join('\n')
}

/** `  term   text`, the text wrapped and hung at one column. */
export function hangingEntry(term: string, text: string): string[] {
  const indent = ' '.repeat(TEXT_COLUMN)
  const head = `  ${term}`
  const [first, ...rest] = wrap(text, COLUMNS - TEXT_COLUMN)
  const hung = rest.map((line) => indent + line)
  if (head.length + 2 > TEXT_COLUMN) return [head, indent + first, ...hung]
  return [head.padEnd(TEXT_COLUMN) + first, ...hung]
}

export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
