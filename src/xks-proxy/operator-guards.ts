/** All policies that bind callers of all accounts, as the operator's settings have it. */
import type { NamedPolicy } from '../domain/identity/rights.ts'
import { extraGuardsOf } from '../domain/policy/guard-policy.ts'
import type { XksProxySettings } from './settings.ts'

export interface GuardingSettings {
  /** JSON text that `readGuardPolicy` took. */
  readonly guardPolicy?: string | undefined
  /** Keys that are in there serve it alone. */
  readonly xksProxy?: XksProxySettings | undefined
}

/** What reserves keys is loaded only where there are any. */
export async function operatorGuards(settings: GuardingSettings): Promise<readonly NamedPolicy[] | undefined> {
  const guards = extraGuardsOf(settings.guardPolicy)
  if (settings.xksProxy === undefined) return guards
  const { reservedKeysGuard } = await import('./reserved-keys.ts')
  return [...(guards ?? []), reservedKeysGuard(settings.xksProxy)]
}
