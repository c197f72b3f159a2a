/** From what an operator says to a running plugin of a Kubernetes API server: a gRPC server on a socket in front of a KMS. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { parseArn } from '../base/arn.ts'
import { systemClock } from '../base/clock.ts'
import { fileFault } from '../base/file-fault.ts'
import { KUBERNETES_CALL_MS_MAX, KUBERNETES_KMS_CONNECTIONS_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { UsageError } from '../config/operator-error.ts'
import { GrpcError } from '../kubernetes/grpc-error.ts'
import { createGrpcServer } from '../kubernetes/grpc-server.ts'
import { createKeyCalls } from '../kubernetes/key-calls.ts'
import { createKeyProvider } from '../kubernetes/key-provider.ts'
import { kubernetesMethods } from '../kubernetes/methods.ts'
import { type CallCredentials, createKmsCall, keepConnections } from '../outgoing/kms-calls.ts'
import { CredentialsError, readAwsCredentials } from './aws-credentials.ts'
import { awsKmsEndpoint } from './aws-endpoint.ts'
import { listenOnSocket } from './socket-file.ts'

export interface KubernetesPluginSettings {
  readonly socket: string
  /** ARN of a KMS key or of an alias. */
  readonly key: string
  /** `undefined`: AWS's in the Region of the ARN. */
  readonly endpoint: string | undefined
  /** In the shared credentials format; `undefined`: where AWS's tools look. */
  readonly credentialsFile: string | undefined
  readonly encryptionContext: Readonly<Record<string, string>>
  /** PEM file of the only authorities whose certificates the endpoint may have. */
  readonly caFile: string | undefined
}

export interface KubernetesPlugin {
  stop(): Promise<void>
}

/** The KMS need not be there. @throws {OperatorError} */
export async function startKubernetesPlugin(settings: KubernetesPluginSettings, log: Log): Promise<KubernetesPlugin> {
  const { key, socket, credentialsFile, encryptionContext, caFile } = settings
  const endpoint = settings.endpoint ?? awsKmsEndpoint(key)
  const ca = caFile === undefined ? undefined : readAuthorities(caFile)
  const connections = keepConnections(endpoint, { ca, connectionsMax: KUBERNETES_KMS_CONNECTIONS_MAX })
  const credentials = () => readCredentials(credentialsFile)
  const call = createKmsCall({ endpoint, region: parseArn(key)!.region, credentials, clock: systemClock, connections })
  const stopping = new AbortController()
  const calls = createKeyCalls({ key, encryptionContext, call })
  const provider = createKeyProvider({ calls, clock: systemClock, log, stopped: stopping.signal })
  const { server, close } = createGrpcServer(kubernetesMethods(provider, log), log)
  await listenOnSocket(server, socket)
  server.on('error', (error) => log.error({ err: error }, 'the socket of the Kubernetes plugin failed'))
  // The log says at once whether the key can be used, not when the first API server asks.
  provider.currentKeyId(AbortSignal.timeout(KUBERNETES_CALL_MS_MAX)).catch(() => {})
  return {
    async stop() {
      await close()
      stopping.abort(new Error('the plugin stops'))
      connections.destroy()
    },
  }
}

function readAuthorities(path: string): string {
  try {
    const pem = readFileSync(path, 'utf8')
    createSecureContext({ ca: pem })
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  } catch (cause) {
    const { reason, hint } = fileFault(cause)
    throw new UsageError(`--tls-ca: cannot use ${path}: ${reason}`, { hint, cause })
  }
  throw new UsageError(`--tls-ca: there is no certificate in ${path}`, { hint: 'expected one or more in PEM' })
}

/** They may come back with the next call: files are renewed. */
function readCredentials(file: string | undefined): CallCredentials {
  try {
    return readAwsCredentials(file, process.env)
  } catch (cause) {
    if (!(cause instanceof CredentialsError)) throw cause
    throw new GrpcError('UNAUTHENTICATED', cause.message, { cause })
  }
}
