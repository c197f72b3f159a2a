/** `keyhold root-key change`: all keys at rest under another root key (lifecycle.md 8.4). */
import { flag } from '../config/command-flags.ts'
import { oneOf, path } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { NEW_PASSPHRASE_VARIABLE, readPassphraseFile } from '../config/passphrase.ts'
import { type ChangedRootKey, changeRootKey, type NewRootKey } from '../start/change-root-key.ts'
import { ROOT_KEY_PROVIDERS } from '../start/root-key-files.ts'
import { defineOperatorCommand } from './operator-command.ts'
import { shellWord, type Terminal } from './terminal.ts'

export const rootKeyChange = defineOperatorCommand({
  ofAccount: false,
  flags: {
    to: flag(oneOf(...ROOT_KEY_PROVIDERS), 'What protects all keys from now on: a new key file, or a new passphrase.'),
    'new-passphrase-file': flag(
      path('FILE'),
      `File with the new passphrase, instead of the variable ${NEW_PASSPHRASE_VARIABLE}.`,
    ),
  },
  description: `
Makes a new root key and wraps all domain keys by it instead of the old one, in one step that is done or
not done whatever happens. Keys, ciphertexts and access keys stay what they are; calls go on meanwhile.

The old root key stays in the data folder, for backups from before. The new one has a file of its own:
back it up (docs/root-keys.md).`,
  async run({ operator, flags, terminal }) {
    const to = wanted(flags.to, flags['new-passphrase-file'], terminal)
    tellOf(await changeRootKey(operator, operator.folder, to), terminal)
  },
})

function wanted(provider: NewRootKey['provider'] | undefined, file: string | undefined, { env }: Terminal): NewRootKey {
  const passphrase =
    file === undefined ? env[NEW_PASSPHRASE_VARIABLE] || undefined : readPassphraseFile(file, '--new-passphrase-file')
  if (provider === undefined) throw new UsageError(`--to is missing, expected ${ROOT_KEY_PROVIDERS.join(' or ')}`)
  if (provider === 'passphrase') {
    if (passphrase !== undefined) return { provider, passphrase }
    throw new UsageError('the new root key needs a new passphrase', {
      hint: `put it into the variable ${NEW_PASSPHRASE_VARIABLE}, or name a file that holds it with --new-passphrase-file`,
    })
  }
  if (passphrase === undefined) return { provider }
  throw new UsageError('there is a new passphrase, but the new root key would be a file', {
    hint: 'give --to passphrase to use it',
  })
}

function tellOf({ id, file, oldFile, domainKeys }: ChangedRootKey, terminal: Terminal): void {
  const keys = domainKeys === 1 ? '1 domain key is' : `${domainKeys} domain keys are`
  terminal.print(`${keys} under the root key ${id} now.`)
  terminal.print(
    file.provider === 'file'
      ? `Back up ${file.path} now, and keep the copy apart from copies of the rest: every key here is lost without it.`
      : `Back up ${file.path} and remember the new passphrase: every key here is lost without both.
A running server takes the new passphrase from its --passphrase-file: put it there. Without such a file
restart it with the new passphrase within a day.`,
  )
  if (oldFile === undefined) return
  terminal.print(
    `Only backups from before now still need ${oldFile.path}. Keep it with them, then: rm ${shellWord(oldFile.path)}`,
  )
}
