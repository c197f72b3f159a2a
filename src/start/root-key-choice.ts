/** What the operator's settings say of the root key, for every command that opens it. */
import { readPassphrase } from '../config/passphrase.ts'
import { rootKeyPinIn } from '../config/root-key-pin.ts'
import type { Environment, Settings } from '../config/settings.ts'
import type { RootKey } from '../crypto/root-key/root-key.ts'
import type { SharesParameters } from '../crypto/root-key/share-collector.ts'
import type { TokenName } from '../hsm/hsm-cluster.ts'

export interface RootKeyChoice {
  /** `undefined`: as the folder has it. */
  readonly provider: Settings['rootKey']
  readonly passphrase: string | undefined
  /** Where the passphrase came from: a running server looks there for the one of a root key that was changed. */
  readonly passphraseFile?: string | undefined
  readonly kms?: KmsKeyChoice | undefined
  readonly hsm?: HsmKeyChoice | undefined
  /** Secrets of root keys that shares have opened, in hex, by the ids of the root keys. */
  readonly unsealed?: Readonly<Record<string, string>> | undefined
  /** Asks for shares, or waits for them. Not for workers, which are told by message and so get plain data. */
  readonly openShares?: OpenShares | undefined
  readonly newShares?: NewShares | undefined
}

export type OpenShares = (parameters: SharesParameters) => Promise<RootKey>

/** Of a root key that is to be made. */
export interface NewShares {
  readonly shares: number
  readonly threshold: number
  /** @throws what keeps the root key from being made. */
  handOut(shares: readonly string[], rootKeyId: string): Promise<void>
}

export interface KmsKeyChoice {
  readonly keyArn: string | undefined
  /** `undefined`: AWS's of the key's Region. */
  readonly endpoint: string | undefined
  /** In the shared credentials format; `undefined`: where AWS's tools look. */
  readonly credentialsFile: string | undefined
}

export interface HsmKeyChoice {
  /** Path of the PKCS #11 library. */
  readonly module: string | undefined
  readonly tokens: readonly TokenName[] | undefined
  readonly keyLabel: string | undefined
  /** Read anew for each login. */
  readonly pinFile: string | undefined
  /** That of the variable. */
  readonly pin: string | undefined
}

export const ROOT_KEY_SETTINGS = [
  'rootKey',
  'passphraseFile',
  'rootKeyArn',
  'rootKeyEndpoint',
  'rootKeyCredentials',
  'rootKeyModule',
  'rootKeyToken',
  'rootKeyLabel',
  'rootKeyPinFile',
] as const

export function rootKeyChoiceOf(
  settings: Pick<Settings, (typeof ROOT_KEY_SETTINGS)[number]>,
  env: Environment,
): RootKeyChoice {
  const { rootKey: provider, passphraseFile } = settings
  return {
    provider,
    passphrase: readPassphrase(settings, env),
    passphraseFile,
    kms: {
      keyArn: settings.rootKeyArn,
      endpoint: settings.rootKeyEndpoint,
      credentialsFile: settings.rootKeyCredentials,
    },
    hsm: {
      module: settings.rootKeyModule,
      tokens: settings.rootKeyToken,
      keyLabel: settings.rootKeyLabel,
      pinFile: settings.rootKeyPinFile,
      pin: rootKeyPinIn(env),
    },
  }
}
