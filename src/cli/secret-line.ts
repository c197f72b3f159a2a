/** Lines of standard input that hold secrets: from a pipe or a file as they are, from a person unseen. */
import { once } from 'node:events'
import { UsageError } from '../config/operator-error.ts'

const LINE_CHARS_MAX = 4096
const EXIT_INTERRUPTED = 130

/** What came after the line that was asked for. */
let rest = ''
let isOver = false

/** @returns `undefined` at the end of the input. */
export async function readSecretLine(prompt: string): Promise<string | undefined> {
  const { stdin } = process
  stdin.setEncoding('utf8')
  // Before the prompt: whoever answers it at once is not to be shown either.
  stdin.setRawMode?.(true)
  if (stdin.isTTY) process.stderr.write(prompt)
  // A file has neither.
  stdin.ref?.()
  try {
    return await nextLine()
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    stdin.unref?.()
    if (stdin.isTTY) process.stderr.write('\n')
  }
}

async function nextLine(): Promise<string | undefined> {
  for (;;) {
    const [line, end] = /^([^\r\n]*)(?:\r\n|\r|\n)/.exec(rest)?.slice(0, 2).reverse() ?? []
    if (line !== undefined) {
      rest = rest.slice(end!.length)
      return line
    }
    if (rest.length > LINE_CHARS_MAX) throw new UsageError('a line of the standard input is too long')
    if (isOver) {
      const last = rest
      rest = ''
      return last === '' ? undefined : last
    }
    rest = process.stdin.isTTY ? typed(rest, await nextChunk()) : rest + (await nextChunk())
  }
}

async function nextChunk(): Promise<string> {
  const { stdin } = process
  const stopped = new AbortController()
  const { signal } = stopped
  stdin.resume()
  const ended = once(stdin, 'end', { signal }).then(() => undefined)
  const read = once(stdin, 'data', { signal }).then(([chunk]) => chunk as string)
  for (const waiting of [ended, read]) waiting.catch(() => {})
  const chunk = await Promise.race([read, ended])
  stdin.pause()
  stopped.abort()
  if (chunk === undefined) isOver = true
  return chunk ?? ''
}

/** A terminal in raw mode leaves its keys to us. */
function typed(before: string, keys: string): string {
  let text = before
  for (const key of keys) {
    if (key === '\x03') process.exit(EXIT_INTERRUPTED)
    if (key === '\x04') isOver = true
    else if (key === '\x7f' || key === '\b') text = text.slice(0, -1)
    else text += key
  }
  return text
}
