/** `keyhold root-key change`: all keys at rest under another root key (lifecycle.md 8.4). */
import { flag } from '../config/command-flags.ts'
import { keyArn, oneOf, path, serviceOrigin, text, tokenNames } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { NEW_PASSPHRASE_VARIABLE, readPassphraseFile } from '../config/passphrase.ts'
import { NEW_ROOT_KEY_PIN_VARIABLE, ROOT_KEY_PIN_VARIABLE } from '../config/root-key-pin.ts'
import { readSecretFile } from '../config/secret-file.ts'
import { DEFAULT_ROOT_KEY_LABEL } from '../config/settings.ts'
import { type ChangedRootKey, changeRootKey, type NewRootKey } from '../start/change-root-key.ts'
import type { HsmKeyChoice, KmsKeyChoice } from '../start/root-key-choice.ts'
import { ROOT_KEY_PROVIDERS } from '../start/root-key-files.ts'
import { handingOf, SHARE_FLAGS } from './hand-out-shares.ts'
import { defineOperatorCommand } from './operator-command.ts'
import { shellWord, type Terminal } from './terminal.ts'

const toProvider = oneOf(...ROOT_KEY_PROVIDERS)

export const rootKeyChange = defineOperatorCommand({
  ofAccount: false,
  flags: {
    to: flag(
      toProvider,
      'What protects all keys from now on: a new key file or passphrase, a KMS key, a key in an HSM, or shares.',
    ),
    'key-arn': flag(keyArn, 'The KMS key, for --to kms.'),
    endpoint: flag(serviceOrigin, "Where the KMS key is; AWS's endpoint in its Region if not given."),
    credentials: flag(path('FILE'), "Access key for the KMS key, in AWS's shared credentials format."),
    module: flag(path('FILE'), 'PKCS #11 library of the HSM, for --to pkcs11.'),
    token: flag(tokenNames, 'Its token, or several that have the same keys.'),
    'key-label': flag(
      text('LABEL'),
      `Label of the key, made if there is none; ${DEFAULT_ROOT_KEY_LABEL} if not given.`,
    ),
    'pin-file': flag(
      path('FILE'),
      `File with the PIN of the token's user, instead of the variable ${NEW_ROOT_KEY_PIN_VARIABLE}.`,
    ),
    ...SHARE_FLAGS,
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
  readonly module: string | undefined
  readonly token: HsmKeyChoice['tokens']
  readonly 'key-label': string | undefined
  readonly 'pin-file': string | undefined
  readonly shares: number | undefined
  readonly threshold: number | undefined
  readonly 'shares-to': string | undefined
}

function wanted(flags: Flags, terminal: Terminal): NewRootKey {
  const { to: provider } = flags
  if (provider === undefined) throw new UsageError(`--to is missing, expected ${toProvider.expected}`)
  const passphrase = newPassphrase(flags, terminal.env)
  refuseUnused(provider, flags, passphrase)
  if (provider === 'file') return { provider }
  if (provider === 'passphrase') return { provider, passphrase: required(passphrase) }
  if (provider === 'kms') return { provider, kms: kmsKey(flags) }
  return provider === 'pkcs11'
    ? { provider, hsm: hsmKey(flags, terminal.env) }
    : { provider, ...handingOf(flags, terminal) }
}

function newPassphrase({ 'new-passphrase-file': file }: Flags, env: Terminal['env']): string | undefined {
  return file === undefined
    ? env[NEW_PASSPHRASE_VARIABLE] || undefined
    : readPassphraseFile(file, '--new-passphrase-file')
}

/** What would not be used is not passed over: its owner believes that it protects the keys. */
function refuseUnused(provider: NewRootKey['provider'], flags: Flags, passphrase: string | undefined): void {
  const given = [
    ['a new passphrase', 'passphrase', passphrase],
    ['a KMS key', 'kms', flags['key-arn'] ?? flags.endpoint ?? flags.credentials],
    ['a number of shares', 'shares', flags.shares ?? flags.threshold ?? flags['shares-to']],
    ['a key in an HSM', 'pkcs11', flags.module ?? flags.token ?? flags['key-label'] ?? flags['pin-file']],
  ] as const
  for (const [what, of, value] of given) {
    if (value === undefined || of === provider) continue
    throw new UsageError(`there is ${what}, which the new root key would not be`, {
      hint: `give --to ${of} to use it`,
    })
  }
}

function required(passphrase: string | undefined): string {
  if (passphrase !== undefined) return passphrase
  throw new UsageError('the new root key needs a new passphrase', {
    hint: `put it into the variable ${NEW_PASSPHRASE_VARIABLE}, or name a file that holds it with --new-passphrase-file`,
  })
}

function kmsKey({ 'key-arn': keyArn, endpoint, credentials: credentialsFile }: Flags): KmsKeyChoice {
  if (keyArn !== undefined) return { keyArn, endpoint, credentialsFile }
  throw new UsageError('the new root key needs the ARN of a KMS key', { hint: 'name it with --key-arn' })
}

function hsmKey(flags: Flags, env: Terminal['env']): HsmKeyChoice {
  const { module, token: tokens, 'key-label': keyLabel, 'pin-file': pinFile } = flags
  const pin = env[NEW_ROOT_KEY_PIN_VARIABLE] || undefined
  if (module === undefined || tokens === undefined) {
    throw new UsageError('the new root key needs an HSM', {
      hint: 'name its PKCS #11 library with --module, and its token with --token',
    })
  }
  // Now, because later it would be one of the setting for the running server.
  if (pinFile !== undefined) readSecretFile(pinFile, '--pin-file')
  if (pinFile !== undefined || pin !== undefined) return { module, tokens, keyLabel, pinFile, pin }
  throw new UsageError("the new root key needs the PIN of its token's user", {
    hint: `put it into the variable ${NEW_ROOT_KEY_PIN_VARIABLE}, or name a file that holds it with --pin-file`,
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
  if (provider === 'pkcs11') {
    return `Back up ${path} now, and the key by the means of its HSM: every key here is lost without both.
The server needs the PIN, by --root-key-pin-file or ${ROOT_KEY_PIN_VARIABLE}. One that runs without:
restart it with it within a day.`
  }
  if (provider === 'shares') {
    return `Back up ${path} now, and keep the shares apart: every key here is lost without it, or with fewer shares.
A running server that was started under shares takes the new ones from 'keyhold unseal', which it needs
within a day; another one has to be restarted and unsealed within a day.`
  }
  return `Back up ${path} and remember the new passphrase: every key here is lost without both.
A running server takes the new passphrase from its --passphrase-file: put it there. Without such a file
restart it with the new passphrase within a day.`
}
