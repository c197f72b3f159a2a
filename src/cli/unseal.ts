/** `keyhold unseal`: a share of the root key for the server that waits for it. */
import { OperatorError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { dataFolder } from '../start/data-folder.ts'
import { giveShare } from '../start/unseal-socket.ts'
import type { UnsealState } from '../start/unsealer.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK, type Terminal } from './terminal.ts'

export const unseal = defineCommand({
  settings: ['data', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Gives a share of the root key to the server that runs on the data folder. Once enough were given, by
whomever, it opens its root key and serves; it keeps it until it is stopped. Shares that do not fit
together are forgotten, and so are those that are too few, after an hour.

The share is typed when asked for, or comes by standard input; from there there may be several, each in a
line. Run it as the user that the server runs as.`,
  async run({ settings, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    tell(terminal, (await giveShare(folder, undefined)).state)
    let given = 0
    for (;;) {
      const text = await terminal.readSecret?.('Share of the root key: ')
      if (text === undefined) break
      if (text.trim() === '') continue
      const { state, refusal } = await giveShare(folder, text.trim())
      if (refusal !== undefined) throw new OperatorError(refusal)
      tell(terminal, state)
      given++
      // The next one is with somebody else.
      if (terminal.isTyped || state?.isSealed === false) break
    }
    if (given === 0) throw new OperatorError('no share was given')
    return EXIT_OK
  },
})

function tell(terminal: Terminal, state: UnsealState | undefined): void {
  if (state === undefined) terminal.print('the server waits for no share')
  else if (!state.isSealed) terminal.print(`the root key ${state.rootKeyId} is open`)
  else
    terminal.print(`the root key ${state.rootKeyId} is sealed: ${state.given} of ${state.threshold} shares were given`)
}
