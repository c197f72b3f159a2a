/** `keyhold root-key change`: all keys at rest under another root key (lifecycle.md 8.4). */
import { flag } from '../config/command-flags.ts'
import { keyArn, oneOf, path, serviceOrigin } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { NEW_PASSPHRASE_VARIABLE, readPassphraseFile } from '../config/passphrase.ts'
import { type ChangedRootKey, changeRootKey, type NewRootKey } from '../start/change-root-key.ts'
import { ROOT_KEY_PROVIDERS } from '../start/root-key-files.ts'
import { defineOperatorCommand } from './operator-command.ts'
import { shellWord, type Terminal } from './terminal.ts'

const toProvider = oneOf(...ROOT_KEY_PROVIDERS)

export const rootKeyChange = defineOperatorCommand({
  ofAccount: false,
  flags: {
    to: flag(toProvider, 'What protects all keys from now on: a new key file, a new passphrase, or a KMS key.'),
    'key-arn': flag(keyArn, 'The KMS key, for --to kms.'),
    endpoint: flag(serviceOrigin, "Where the KMS key is; AWS's endpoint in its Region if not given."),
    credentials: flag(path('FILE'), "Access key for the KMS key, in AWS's shared credentials format."),
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
    tellOf(await changeRootKey(operator, operator.folder, wanted(flags, terminal)), terminal)
  },
})

interface Flags {
  readonly to: NewRootKey['provider'] | undefined
  readonly 'new-passphrase-file': string | undefined
  readonly 'key-arn': string | undefined
  readonly endpoint: string | undefined
  readonly credentials: string | undefined
}

function wanted(flags: Flags, { env }: Terminal): NewRootKey {
  const { to: provider, 'new-passphrase-file': file, 'key-arn': keyArn, endpoint, credentials } = flags
  if (provider === undefined) throw new UsageError(`--to is missing, expected ${toProvider.expected}`)
  const passphrase =
    file === undefined ? env[NEW_PASSPHRASE_VARIABLE] || undefined : readPassphraseFile(file, '--new-passphrase-file')
  if (provider !== 'passphrase' && passphrase !== undefined) throw unused('a new passphrase', 'passphrase')
  if (provider !== 'kms' && (keyArn ?? endpoint ?? credentials) !== undefined) throw unused('a KMS key', 'kms')
  if (provider === 'file') return { provider }
  if (provider === 'passphrase') {
    if (passphrase !== undefined) return { provider, passphrase }
    throw new UsageError('the new root key needs a new passphrase', {
      hint: `put it into the variable ${NEW_PASSPHRASE_VARIABLE}, or name a file that holds it with --new-passphrase-file`,
    })
  }
  if (keyArn !== undefined) return { provider, kms: { keyArn, endpoint, credentialsFile: credentials } }
  throw new UsageError('the new root key needs the ARN of a KMS key', { hint: 'name it with --key-arn' })
}

/** One that would not be used is not passed over: its owner believes that it protects the keys. */
function unused(what: string, provider: string): UsageError {
  return new UsageError(`there is ${what}, which the new root key would not be`, {
    hint: `give --to ${provider} to use it`,
  })
}

function tellOf({ id, file, oldFile, domainKeys }: ChangedRootKey, terminal: Terminal): void {
  const keys = domainKeys === 1 ? '1 domain key is' : `${domainKeys} domain keys are`
  terminal.print(`${keys} under the root key ${id} now.`)
  terminal.print(adviceOn(file))
  if (oldFile === undefined) return
  terminal.print(
    `Only backups from before now still need ${oldFile.path}. Keep it with them, then: rm ${shellWord(oldFile.path)}`,
  )
}

function adviceOn({ provider, path }: ChangedRootKey['file']): string {
  if (provider === 'file') {
    return `Back up ${path} now, and keep the copy apart from copies of the rest: every key here is lost without it.`
  }
  if (provider === 'kms') {
    return `Back up ${path} now, and never delete the KMS key: every key here is lost without both.
The server needs an access key for it, by --root-key-credentials or where AWS's tools look. One that runs
without: restart it with one within a day.`
  }
  return `Back up ${path} and remember the new passphrase: every key here is lost without both.
A running server takes the new passphrase from its --passphrase-file: put it there. Without such a file
restart it with the new passphrase within a day.`
}
