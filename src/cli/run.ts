/** From the words of a command line to a command, and from what it throws to an exit code. */
import { closest } from '../config/did-you-mean.ts'
import { hangingEntry } from '../config/help-text.ts'
import { UsageError } from '../config/operator-error.ts'
import { explainError } from '../start/explain-error.ts'
import { COMMANDS, type CommandEntry } from './commands.ts'
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Terminal, tellError } from './terminal.ts'

/** @param words what follows `keyhold`. @returns the exit code; never throws for what a person can mend. */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    if (asksForHelp(words)) {
      terminal.print(overview())
      return words.length === 0 ? EXIT_USAGE : EXIT_OK
    }
    const { entry, rest } = find(words)
    const command = await entry.load()
    return await command.run(entry.name, rest, terminal)
  } catch (error) {
    const explained = explainError(error)
    if (explained === undefined) throw error
    tellError(terminal, explained)
    return explained instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  }
}

function asksForHelp([first]: readonly string[]): boolean {
  return first === undefined || first === 'help' || first === '--help' || first === '-h'
}

function find(words: readonly string[]): { entry: CommandEntry; rest: readonly string[] } {
  const given = words[0] === '--version' ? ['version', ...words.slice(1)] : words
  for (const entry of COMMANDS) {
    const name = entry.name.split(' ')
    if (name.every((word, index) => given[index] === word)) return { entry, rest: given.slice(name.length) }
  }
  throw unknownCommand(given)
}

function unknownCommand([first, second]: readonly string[]): UsageError {
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name)
  if (group.length > 0 && (second === undefined || second.startsWith('-'))) {
    return new UsageError(`'${first}' alone is no command`, { hint: `try keyhold ${group.join(', or keyhold ')}` })
  }
  const typed = group.length > 0 ? `${first} ${second}` : first!
  const near = closest(
    typed,
    COMMANDS.map(({ name }) => name),
  )
  const hint = near === undefined ? "'keyhold --help' lists the commands" : `did you mean 'keyhold ${near}'?`
  return new UsageError(`there is no command '${typed}'`, { hint })
}

function overview(): string {
  return `Keyhold: a key management service that speaks the AWS KMS API.

Usage: keyhold COMMAND [settings]

Commands:
${COMMANDS.flatMap(({ name, summary }) => hangingEntry(name, summary)).join('\n')}

'keyhold COMMAND --help' tells more about one. New here? 'keyhold dev' needs nothing and leaves nothing behind.`
}
