/**
 * The YAML parser, loaded with the first file that it is to read: most starts have none, and its 70 modules would take a tenth of
 * their time (docs/performance.md).
 */
import { createRequire } from 'node:module'
import type * as yaml from 'yaml'

const require = createRequire(import.meta.url)

/** What is wrong with a document, in one line that shows nothing of it: it may have secrets, and may be another file than was meant. */
export class YamlFault extends Error {}

/** @throws {YamlFault} */
export function parseYaml(text: string, options: yaml.ParseOptions & yaml.SchemaOptions = {}): unknown {
  const { LineCounter, parseDocument, visit } = require('yaml') as typeof yaml
  const lineCounter = new LineCounter()
  // Its warnings quote the document.
  const document = parseDocument(text, { ...options, lineCounter, logLevel: 'error' })
  const [error] = document.errors
  if (error?.code === 'BAD_ALIAS') throw unquoted(error.linePos![0])
  if (error !== undefined) throw new YamlFault(inOneLine(error))
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return
      throw unquoted(lineCounter.linePos(alias.range![0]))
    },
  })
  try {
    return document.toJS()
  } catch (cause) {
    throw new YamlFault('There are too many aliases', { cause })
  }
}

/** It is an alias, of a name that stands nowhere or of none; in policies it is meant as text. */
function unquoted({ line, col }: { readonly line: number; readonly col: number }): YamlFault {
  return new YamlFault(`Text that begins with * needs quotes at line ${line}, column ${col}`)
}

function inOneLine({ code, message }: yaml.YAMLParseError): string {
  // The library's text is advice to programmers.
  if (code === 'MULTIPLE_DOCS') return 'expected one document, but --- begins another'
  const [line] = message.split('\n', 1)
  return line!.replace(/: ".*"(?= at line )/, '').replace(/:$/, '')
}
