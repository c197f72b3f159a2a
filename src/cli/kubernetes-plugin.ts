/** `keyhold kubernetes-plugin`: a KMS for the API server of a Kubernetes cluster. */
import { flag } from '../config/command-flags.ts'
import { keyOrAliasArn, path, serviceOrigin, textPairs } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { startKubernetesPlugin } from '../start/kubernetes-plugin.ts'
import { createLogger } from '../start/logger.ts'
import { firstSignal } from '../start/signals.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK, STOPPING } from './terminal.ts'

export const kubernetesPlugin = defineCommand({
  flags: {
    socket: flag(path('PATH'), 'Unix socket to listen on, in a folder that only this user or root can write in.'),
    key: flag(keyOrAliasArn, 'KMS key that encrypts, or an alias of it.'),
    endpoint: flag(serviceOrigin, "Where the key is; AWS's endpoint in its Region if not given."),
    credentials: flag(
      path('FILE'),
      "Access key in AWS's shared credentials format; where AWS's tools look if not given.",
    ),
    'encryption-context': flag(textPairs, 'Encryption context of all calls, such as cluster=production.'),
    'tls-ca': flag(
      path('FILE'),
      'Authorities (PEM) of which the endpoint has its certificate, instead of public ones.',
    ),
  },
  settings: ['logLevel', 'config'],
  description: `
Lets the API server of a Kubernetes cluster encrypt Secrets by a key in Keyhold, or in any other AWS KMS:
a KMS provider of version v2 on a Unix socket (docs/kubernetes.md). Runs beside the API server and needs
no data folder.

Prints 'listening on unix://PATH' when it is ready. SIGTERM, SIGHUP or Ctrl-C stops it after the calls
that it has accepted; a second one at once.`,
  async run({ settings, flags, terminal }) {
    const { socket, key } = flags
    if (socket === undefined) throw new UsageError('--socket is missing, expected a path')
    if (key === undefined) throw new UsageError(`--key is missing, expected ${keyOrAliasArn.expected}`)
    const log = createLogger({ level: settings.logLevel, forPerson: terminal.hasPerson })
    const plugin = await startKubernetesPlugin(
      {
        ...{ socket, key, endpoint: flags.endpoint, credentialsFile: flags.credentials },
        ...{ encryptionContext: flags['encryption-context'] ?? {}, caFile: flags['tls-ca'] },
      },
      log,
    )
    const signal = firstSignal(() => {})
    terminal.print(`listening on unix://${socket}`)
    await signal
    terminal.tell(STOPPING)
    await plugin.stop()
    return EXIT_OK
  },
})
