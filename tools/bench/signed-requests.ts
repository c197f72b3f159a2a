/** Requests as the AWS SDK signs and would send them, caught before they leave: made before a run, so a run signs nothing. */
import type {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  KMSClient,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms'

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type Command =
  | EncryptCommand
  | DecryptCommand
  | GenerateDataKeyCommand
  | GenerateDataKeyPairCommand
  | GenerateMacCommand
  | SignCommand
  | VerifyCommand

interface OutgoingRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | Uint8Array
}

/** @param client used for nothing else: from here on its commands are signed and not sent. */
export function createRequestSigner(client: KMSClient): (command: Command) => Promise<SignedRequest> {
  let caught: OutgoingRequest | undefined
  client.middlewareStack.add(
    () => async (args) => {
      caught = args.request as OutgoingRequest
      return { response: undefined, output: { $metadata: {} } }
    },
    { step: 'deserialize', priority: 'high', name: 'catchSignedRequest' },
  )
  return async (command) => {
    // `send` is overloaded by command; which one it is makes no difference here.
    await client.send(command as EncryptCommand)
    const { method, path, headers, body } = caught!
    return { method, path, headers, body: bytesOf(body) }
  }
}

/** The SDK's bodies are byte arrays that also pass for strings, which `Buffer.from` would take them for. */
function bytesOf(body: string | Uint8Array): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

/** The bytes on the wire, for a connection that is kept open. */
export function toBytes({ method, path, headers, body }: SignedRequest): Buffer {
  let head = `${method} ${path} HTTP/1.1\r\nconnection: keep-alive\r\n`
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body])
}
