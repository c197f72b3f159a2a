/** `keyhold dev`: a server for a laptop or a test run, without security. */
import { flushCompileCache } from 'node:module'
import { systemClock } from '../base/clock.ts'
import { requireLoopback } from '../config/listen-rules.ts'
import { loadSeedFile } from '../seed/seed-file.ts'
import { openAttestationIssuer } from '../start/attestation.ts'
import { openDevelopmentNode } from '../start/development.ts'
import { createLogger } from '../start/logger.ts'
import { readServiceSettings, SERVICE_SETTINGS } from '../start/service-settings.ts'
import { firstSignal } from '../start/signals.ts'
import { defineCommand } from './command.ts'
import { DEVELOPMENT_WARNING, developmentGreeting } from './greeting.ts'
import { EXIT_OK, STOPPING } from './terminal.ts'

export const dev = defineCommand({
  settings: [
    'host',
    'port',
    'data',
    'seed',
    'account',
    'region',
    'attestationIssuer',
    ...SERVICE_SETTINGS,
    'grantPropagationDelay',
    'logLevel',
    'config',
  ],
  fallbacks: { data: 'none, everything stays in memory', account: '000000000000', externalAccounts: 'accept' },
  meanings: {
    account: 'Account of seeded keys and identities that name none.',
    region: 'Region of examples, and of seeded keys that name none.',
  },
  description: `
Runs a server for development and tests. Keys are in memory unless you give a folder with --data.
It lets everybody in: use the credentials test / test, or any others; an access key id of 12 digits
is taken for the account. It listens on this machine only.

--seed FILE creates keys with ids, aliases, policies and even material that you choose
(docs/seed-file.md).
--attestation-issuer FILE trusts documents of 'keyhold attest' (see its help).
--grant-propagation-delay 5s hides new grants for that long from calls without their grant token, so
that code which forgets the token fails here and not on AWS.`,
  async run({ settings, terminal }) {
    const { host, port, region, account, data } = settings
    requireLoopback(host)
    const seed = settings.seed === undefined ? undefined : loadSeedFile(settings.seed)
    const log = createLogger({ level: settings.logLevel, forPerson: terminal.hasPerson })
    const issuer =
      settings.attestationIssuer && (await openAttestationIssuer(settings.attestationIssuer, systemClock.now()))
    const attestationRoots = issuer ? issuer.root : undefined
    const serviceSettings = await readServiceSettings(settings)
    const grantPropagationDelayMs = settings.grantPropagationDelay
    const what = { settings: serviceSettings, attestationRoots, grantPropagationDelayMs }
    const node = await openDevelopmentNode({ data, seed, account, region, ...what, log })
    try {
      const address = await node.listen({ host, port })
      const signal = firstSignal(() => {})
      terminal.tell(DEVELOPMENT_WARNING)
      terminal.print(
        developmentGreeting({
          folder: data,
          region,
          address,
          attestationIssuer: settings.attestationIssuer,
          hasConsole: settings.console,
        }),
      )
      flushCompileCache()
      await signal
      terminal.tell(STOPPING)
    } finally {
      await node.stop()
    }
    return EXIT_OK
  },
})
