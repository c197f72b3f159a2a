/** `root-key.json` of the provider `kms`, and the calls behind it: a KMS key at AWS or in another Keyhold. */
import { readFileSync } from 'node:fs'
import { parseArn } from '../base/arn.ts'
import { systemClock } from '../base/clock.ts'
import { fileFault } from '../base/file-fault.ts'
import { keyArn as keyArnKind, serviceOrigin } from '../config/kinds.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { createRandomSource } from '../crypto/random.ts'
import { type KmsKeyCalls, type KmsRootKeyParameters, kmsRootKey } from '../crypto/root-key/kms-root-key.ts'
import { type RootKey, RootKeyError } from '../crypto/root-key/root-key.ts'
import type { KmsCall } from '../outgoing/kms-calls.ts'
import { readAwsCredentials } from './aws-credentials.ts'
import { awsKmsEndpoint } from './aws-endpoint.ts'
import { writeDurably } from './write-durably.ts'

/** What the operator says of a KMS key; plain data, because workers get it by message. */
export interface KmsKeyChoice {
  readonly keyArn: string | undefined
  /** `undefined`: AWS's of the key's Region. */
  readonly endpoint: string | undefined
  /** In the shared credentials format; `undefined`: where AWS's tools look. */
  readonly credentialsFile: string | undefined
}

export interface KmsParameters extends KmsRootKeyParameters {
  readonly endpoint: string
}

const INSTALLATION_BYTES = 16

export function newKmsParameters({ keyArn, endpoint }: KmsKeyChoice): KmsParameters {
  if (keyArn === undefined) {
    throw new UsageError('the root key needs the ARN of a KMS key', { hint: 'name it with --root-key-arn' })
  }
  const installation = createRandomSource().nonce(INSTALLATION_BYTES).toString('hex')
  return { keyArn, endpoint: endpoint ?? awsKmsEndpoint(keyArn), installation }
}

export function writeKmsParameters(path: string, { keyArn, endpoint, installation }: KmsParameters): void {
  writeDurably(path, `${JSON.stringify({ provider: 'kms', keyArn, endpoint, installation }, undefined, 2)}\n`)
}

export function isKmsParameters(path: string): boolean {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).provider === 'kms'
  } catch {
    // Whoever reads all of it says what is wrong.
    return false
  }
}

export function readKmsParameters(path: string): KmsParameters {
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8'))
    const keyArn = keyArnKind.read(String(parsed.keyArn), '')
    const endpoint = serviceOrigin.read(String(parsed.endpoint), '')
    const installation = /^[0-9a-f]{32}$/.exec(String(parsed.installation))?.[0]
    if (keyArn !== undefined && endpoint !== undefined && installation !== undefined) {
      return { keyArn, endpoint, installation }
    }
  } catch (cause) {
    const { reason, hint = RESTORE } = fileFault(cause)
    throw new OperatorError(`cannot read ${path}: ${reason}`, { hint, cause })
  }
  throw new OperatorError(`${path} does not hold key, endpoint and installation of a root key in a KMS`, {
    hint: RESTORE,
  })
}

const RESTORE = 'restore it from its backup'

/** Calls nobody yet. */
export function openKmsRootKey(parameters: KmsParameters, choice: KmsKeyChoice | undefined): RootKey {
  // Where the key is now, if the operator says so of this very key.
  const moved = choice?.keyArn === parameters.keyArn ? choice.endpoint : undefined
  return kmsRootKey(parameters, keyCalls(moved ?? parameters.endpoint, choice?.credentialsFile))
}

/** @throws {RootKeyError} if the KMS key does not wrap and unwrap for us. */
export async function tryRootKey(rootKey: RootKey): Promise<void> {
  const [secret, aad] = [Buffer.from('keyhold'), Buffer.from('trial')]
  const opened = await rootKey.unwrap(await rootKey.wrap(secret, aad), aad)
  if (!opened.equals(secret)) throw new RootKeyError('The KMS key gives back something else than it was given.')
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
