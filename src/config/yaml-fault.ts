/** What is wrong with a YAML file, in one line. */
import type { Document } from 'yaml'

/** `undefined`: nothing. */
export function yamlFault({ errors }: Pick<Document, 'errors'>): string | undefined {
  const [error] = errors
  if (error === undefined) return undefined
  // The library's text is advice to programmers.
  if (error.code === 'MULTIPLE_DOCS') return 'expected one document, but --- begins another'
  return error.message.split('\n', 1)[0]!.replace(/:$/, '')
}
