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
    const given = spelledOut(words)
    if (asksForHelp(given)) {
      terminal.print(overview())
      return given.length === 0 ? EXIT_USAGE : EXIT_OK
    }
    const group = groupOf(given)
    if (group.length > 0 && isHelpFlag(given[1])) {
      terminal.print(overviewOf(group))
      return EXIT_OK
    }
    const { entry, rest } = find(given)
    const command = await entry.load()
    return await command.run(entry.name, rest, terminal)
  } catch (error) {
    const explained = explainError(error)
    if (explained === undefined) throw error
    tellError(terminal, explained)
    return explained instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  }
}

/** `help start` is `start --help`, `--version` is `version`. */
function spelledOut([first, ...rest]: readonly string[]): readonly string[] {
  if (first === undefined) return []
  if (first === 'help' && rest.length > 0) return [...rest, '--help']
  return [first === '--version' ? 'version' : first, ...rest]
}

function isHelpFlag(word: string | undefined): boolean {
  return word === '--help' || word === '-h'
}

function asksForHelp([first]: readonly string[]): boolean {
  return first === undefined || first === 'help' || isHelpFlag(first)
}

/** The commands of two words that begin with this one: `user create`, `user list` and so on for `user`. */
function groupOf([first]: readonly string[]): readonly CommandEntry[] {
  return COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
}

function find(given: readonly string[]): { entry: CommandEntry; rest: readonly string[] } {
  for (const entry of COMMANDS) {
    const name = entry.name.split(' ')
    if (name.every((word, index) => given[index] === word)) return { entry, rest: given.slice(name.length) }
  }
  throw unknownCommand(given)
}

function unknownCommand(given: readonly string[]): UsageError {
  const [first, second] = given
  const group = groupOf(given).map(({ name }) => name)
  if (group.length > 0 && (second === undefined || second.startsWith('-'))) {
    return new UsageError(`'${first}' alone is no command`, { hint: `try keyhold ${group.join(', or keyhold ')}` })
  }
  const typed = group.length > 0 ? `${first} ${second}` : first!
  const near = closest(
    typed,
    COMMANDS.map(({ name }) => name),
  )
  const lister = group.length > 0 ? `keyhold ${first} --help` : 'keyhold --help'
  const hint = near === undefined ? `'${lister}' lists the commands` : `did you mean 'keyhold ${near}'?`
  return new UsageError(`there is no command '${typed}'`, { hint })
}

function overview(): string {
  return `Keyhold: a key management service that speaks the AWS KMS API.

Usage: keyhold COMMAND [settings]

Commands:
${commandList(COMMANDS)}

'keyhold COMMAND --help' tells more about one. New here? 'keyhold dev' needs nothing and leaves nothing behind.`
}

function overviewOf(group: readonly CommandEntry[]): string {
  return `Commands:
${commandList(group)}

'keyhold COMMAND --help' tells more about one.`
}

function commandList(entries: readonly CommandEntry[]): string {
  return entries.flatMap(({ name, summary }) => hangingEntry(name, summary)).join('\n')
}
