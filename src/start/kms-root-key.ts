/** `root-key.json` of the provider `kms`, and the calls behind it: a KMS key at AWS or in another Keyhold. */
import { parseArn } from '../base/arn.ts'
import { systemClock } from '../base/clock.ts'
import { keyArn as keyArnKind, serviceOrigin } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { type KmsKeyCalls, type KmsRootKeyParameters, kmsRootKey } from '../crypto/root-key/kms-root-key.ts'
import { type RootKey, RootKeyError } from '../crypto/root-key/root-key.ts'
import type { KmsCall } from '../outgoing/kms-calls.ts'
import { readAwsCredentials } from './aws-credentials.ts'
import { awsKmsEndpoint } from './aws-endpoint.ts'
import type { KmsKeyChoice } from './root-key-choice.ts'
import type { RootKeyMaker } from './root-key-maker.ts'
import { installationIn, newInstallation, readParameters, writeParameters } from './root-key-parameters.ts'
import { tryRootKey } from './try-root-key.ts'

interface KmsParameters extends KmsRootKeyParameters {
  readonly endpoint: string
}

export const kmsRootKeys: RootKeyMaker = {
  async make({ kms }) {
    const parameters = newKmsParameters(kms)
    const rootKey = openKmsRootKey(parameters, kms)
    // Before the file: a KMS key that refuses must not leave the folder bound to it.
    await tryRootKey(rootKey)
    return { rootKey, save: (path) => writeParameters(path, { provider: 'kms', ...parameters }) }
  },
  open: async (path, { kms }) => openKmsRootKey(kmsParametersIn(path), kms),
  namedBy: ({ kms }) => (kms?.keyArn === undefined ? undefined : '--root-key-arn'),
  checkNamed(path, { kms }) {
    const { keyArn } = kmsParametersIn(path)
    if (kms?.keyArn === undefined || kms.keyArn === keyArn) return
    throw new UsageError(`--root-key-arn ${kms.keyArn}: the data folder is under ${keyArn}`, {
      hint: "'keyhold root-key change' changes it",
    })
  },
}

function newKmsParameters({ keyArn, endpoint }: Partial<KmsKeyChoice> = {}): KmsParameters {
  if (keyArn === undefined) {
    throw new UsageError('the root key needs the ARN of a KMS key', { hint: 'name it with --root-key-arn' })
  }
  return { keyArn, endpoint: endpoint ?? awsKmsEndpoint(keyArn), installation: newInstallation() }
}

export function kmsParametersIn(path: string): KmsParameters {
  return readParameters(path, {
    what: 'key, endpoint and installation of a root key in a KMS',
    parse(parsed) {
      const keyArn = keyArnKind.read(String(parsed.keyArn), '')
      const endpoint = serviceOrigin.read(String(parsed.endpoint), '')
      const installation = installationIn(parsed)
      if (keyArn === undefined || endpoint === undefined || installation === undefined) return undefined
      return { keyArn, endpoint, installation }
    },
  })
}

/** Calls nobody yet. */
function openKmsRootKey(parameters: KmsParameters, choice: KmsKeyChoice | undefined): RootKey {
  // Where the key is now, if the operator says so of this very key.
  const moved = choice?.keyArn === parameters.keyArn ? choice.endpoint : undefined
  return kmsRootKey(parameters, keyCalls(moved ?? parameters.endpoint, choice?.credentialsFile))
}

function keyCalls(endpoint: string, credentialsFile: string | undefined): KmsKeyCalls {
  async function call(
    keyArn: string,
    operation: 'Encrypt' | 'Decrypt',
    members: object,
    member: 'CiphertextBlob' | 'Plaintext',
  ): Promise<Buffer> {
    try {
      const answer = await (await kmsCall(keyArn, endpoint, credentialsFile))(operation, { KeyId: keyArn, ...members })
      const { KeyId, [member]: bytes } = answer
      if (KeyId === keyArn && typeof bytes === 'string' && bytes !== '') return Buffer.from(bytes, 'base64')
    } catch (cause) {
      throw new RootKeyError(`Cannot use the root key ${keyArn}: ${(cause as Error).message}`, { cause })
    }
    throw new RootKeyError(`Cannot use the root key ${keyArn}: ${endpoint} answers for another key.`)
  }

  return {
    encrypt(keyArn, plaintext, EncryptionContext) {
      const Plaintext = Buffer.from(plaintext).toString('base64')
      return call(keyArn, 'Encrypt', { Plaintext, EncryptionContext }, 'CiphertextBlob')
    },
    decrypt(keyArn, blob, EncryptionContext) {
      const CiphertextBlob = Buffer.from(blob).toString('base64')
      return call(keyArn, 'Decrypt', { CiphertextBlob, EncryptionContext }, 'Plaintext')
    },
  }
}

/** Loaded at first use: most servers have no such root key, and the library for signatures would slow every start. */
async function kmsCall(keyArn: string, endpoint: string, credentialsFile: string | undefined): Promise<KmsCall> {
  const { createKmsCall } = await import('../outgoing/kms-calls.ts')
  const credentials = () => readAwsCredentials(credentialsFile, process.env)
  return createKmsCall({ endpoint, region: parseArn(keyArn)!.region, credentials, clock: systemClock })
}
