/**
 * What the operator's settings say of the service itself: read and checked once, and handed as it is to whatever opens a node. A new
 * one is declared in `config/settings.ts`, read here, and used in `service.ts`; nothing in between names it.
 */
import type { Settings } from '../config/settings.ts'
import type { ServiceOptions } from '../service.ts'
import { CONSOLE_FOLDER } from './console-folder.ts'
import { guardPolicyIn } from './guard-policy.ts'

/** Plain data: workers get it by message. */
export type ServiceSettings = Pick<
  ServiceOptions,
  | 'identityProviders'
  | 'externalAccounts'
  | 'hsmClusters'
  | 'externalKeyStores'
  | 'xksProxy'
  | 'guardPolicy'
  | 'verboseDenials'
  | 'quotas'
  | 'eventUrl'
  | 'consoleFolder'
>

/** Of every command that runs a server. */
export const SERVICE_SETTINGS = [
  'identityProviders',
  'externalAccounts',
  'guardPolicy',
  'verboseDenials',
  'quotas',
  'eventUrl',
  'hsmClusters',
  'externalKeyStores',
  'console',
] as const

/**
 * Files are read, and what reads them is loaded, only where there is one.
 * @throws {UsageError} with the place of what cannot be used.
 */
export async function readServiceSettings(
  settings: Pick<Settings, (typeof SERVICE_SETTINGS)[number]>,
): Promise<ServiceSettings> {
  return {
    externalAccounts: settings.externalAccounts,
    guardPolicy: guardPolicyIn(settings.guardPolicy),
    verboseDenials: settings.verboseDenials,
    eventUrl: settings.eventUrl,
    consoleFolder: settings.console ? CONSOLE_FOLDER : undefined,
    identityProviders: await given(settings.identityProviders, async (path) =>
      (await import('./identity-providers.ts')).readIdentityProviders(path),
    ),
    quotas: await given(settings.quotas, async (path) => (await import('./quotas.ts')).readQuotas(path)),
    hsmClusters: await given(settings.hsmClusters, async (path) =>
      (await import('./hsm-clusters.ts')).readHsmClusters(path),
    ),
    externalKeyStores: await given(settings.externalKeyStores, async (path) =>
      (await import('./external-key-stores.ts')).readExternalKeyStores(path),
    ),
  }
}

/** Of 'keyhold start' alone: development mode lets everybody use its keys. @throws {UsageError} */
export function readXksProxySettings({
  xksProxy,
  workers,
}: Pick<Settings, 'xksProxy' | 'workers'>): Promise<ServiceSettings['xksProxy']> {
  return given(xksProxy, async (path) => {
    const { readXksProxy } = await import('./xks-proxy.ts')
    return { ...readXksProxy(path), fleetSize: workers }
  })
}

async function given<T>(path: string | undefined, read: (path: string) => Promise<T>): Promise<T | undefined> {
  return path === undefined ? undefined : read(path)
}
