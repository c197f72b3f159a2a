/** One signature of each signing key, algorithm and message type, for verifiers that are not ours. */
import { randomBytes } from 'node:crypto'
import type { Harness } from './harness.ts'
import { asMessageType, kindsFor, type MessageType, messageTypesOf } from './key-kinds.ts'

export interface SignedMessage {
  readonly spec: string
  readonly algorithm: string
  /** How Sign was handed the message. */
  readonly messageType: MessageType
  /** SPKI DER, from GetPublicKey. */
  readonly publicKey: Buffer
  /** What the standard algorithm takes for its message. */
  readonly message: Buffer
  readonly signature: Buffer
}

export async function signWithEveryKey(harness: Harness): Promise<readonly SignedMessage[]> {
  const signed: SignedMessage[] = []
  const bytesOf = async (operation: string, body: object, member: string) =>
    Buffer.from((await harness.call(operation, body))[member], 'base64')
  for (const { KeySpec: spec, KeyUsage, algorithms } of kindsFor('SIGN_VERIFY')) {
    const { KeyId } = (await harness.call('CreateKey', { KeySpec: spec, KeyUsage })).KeyMetadata
    const publicKey = await bytesOf('GetPublicKey', { KeyId }, 'PublicKey')
    for (const algorithm of algorithms) {
      for (const messageType of messageTypesOf(algorithm).keys()) {
        const original = randomBytes(200)
        const given = asMessageType(algorithm, messageType, original, publicKey)
        const request = { KeyId, Message: given, MessageType: messageType, SigningAlgorithm: algorithm }
        const signature = await bytesOf('Sign', request, 'Signature')
        // The digest is to Ed25519ph a message that it hashes again (operations.md 4.3).
        const message = algorithm === 'ED25519_PH_SHA_512' ? given : original
        signed.push({ spec, algorithm, messageType, publicKey, message, signature })
      }
    }
  }
  return signed
}

export function nameOf({ spec, algorithm, messageType }: SignedMessage): string {
  return `${algorithm} of ${spec}, ${messageType}`
}

/** The same bytes but for one bit: what a verifier that verifies must refuse. */
export function withOneBitChanged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length >> 1]! ^= 1
  return copy
}
