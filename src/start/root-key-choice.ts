/** What the operator's settings say of the root key, for every command that opens it. */
import { readPassphrase } from '../config/passphrase.ts'
import type { Environment, Settings } from '../config/settings.ts'
import type { KmsKeyChoice } from './kms-root-key.ts'

export interface RootKeyChoice {
  /** `undefined`: as the folder has it. */
  readonly provider: Settings['rootKey']
  readonly passphrase: string | undefined
  /** Where the passphrase came from: a running server looks there for the one of a root key that was changed. */
  readonly passphraseFile?: string | undefined
  readonly kms?: KmsKeyChoice | undefined
}

export const ROOT_KEY_SETTINGS = [
  'rootKey',
  'passphraseFile',
  'rootKeyArn',
  'rootKeyEndpoint',
  'rootKeyCredentials',
] as const

export function rootKeyChoiceOf(
  settings: Pick<Settings, (typeof ROOT_KEY_SETTINGS)[number]>,
  env: Environment,
): RootKeyChoice {
  const { rootKey: provider, passphraseFile, rootKeyArn: keyArn, rootKeyEndpoint: endpoint } = settings
  const kms = { keyArn, endpoint, credentialsFile: settings.rootKeyCredentials }
  return { provider, passphrase: readPassphrase(settings, env), passphraseFile, kms }
}
