/**
 * The YAML parser, loaded with the first file that it is to read: most starts have none, and its 70 modules would take a tenth of
 * their time (docs/performance.md).
 */
import { createRequire } from 'node:module'
import type * as yaml from 'yaml'

const require = createRequire(import.meta.url)

export function parseDocument(
  text: string,
  options: yaml.ParseOptions & yaml.SchemaOptions = {},
): yaml.Document.Parsed {
  return (require('yaml') as typeof yaml).parseDocument(text, options)
}

/** What is wrong with a document, in one line; `undefined`: nothing. */
export function yamlFault({ errors }: Pick<yaml.Document, 'errors'>): string | undefined {
  const [error] = errors
  if (error === undefined) return undefined
  // The library's text is advice to programmers.
  if (error.code === 'MULTIPLE_DOCS') return 'expected one document, but --- begins another'
  return error.message.split('\n', 1)[0]!.replace(/:$/, '')
}
