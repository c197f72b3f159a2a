/**
 * Keys that serve as external keys do nothing else (XP-6): what they are used for is another KMS's, and so is the word on who may. A
 * guard of the operator's kind keeps all callers of the KMS API from using them, and the log tells of what takes one away.
 */
import type { Log } from '../base/log.ts'
import type { NamedPolicy } from '../domain/identity/rights.ts'
import { type Key, keyRef, keyState } from '../domain/keys/key.ts'
import { SYMMETRIC_DEFAULT } from '../domain/keys/key-specs.ts'
import { compilePolicy } from '../domain/policy/compile-policy.ts'
import type { Store } from '../domain/store.ts'
import { type ExternalKey, uriPathOf, type XksProxySettings } from './settings.ts'

const USES = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*']

/** Managing them stays as it is. Of a multi-Region key all members are reserved: they have the same material. */
export function reservedKeysGuard({ tenants }: XksProxySettings): NamedPolicy {
  const Resource = tenants.flatMap(({ keys }) =>
    keys.map(({ key: { arn, region, keyId } }) => {
      return keyId.startsWith('mrk-') ? arn.replace(`:${region}:`, ':*:') : arn
    }),
  )
  const allow = { Effect: 'Allow', Action: '*', Resource: '*' }
  const deny = { Sid: 'ReservedForXksProxy', Effect: 'Deny', Action: USES, Resource }
  const Statement = Resource.length === 0 ? [allow] : [allow, deny]
  return { name: 'xks-proxy', policy: compilePolicy(JSON.stringify({ Version: '2012-10-17', Statement })) }
}

/** Why a key can be no external key, for ever; `undefined`: it can. */
export function whyUnfit({ spec, manager, customKeyStore }: Key): string | undefined {
  if (spec !== SYMMETRIC_DEFAULT) return 'it is no symmetric encryption key'
  if (manager !== 'CUSTOMER') return 'it is an AWS managed key'
  if (customKeyStore !== undefined) return 'its material is in a custom key store'
  return undefined
}

/** An external key with the names that both sides have for it, for the log. */
export interface NamedExternalKey extends ExternalKey {
  readonly uriPath: string
}

export function externalKeysOf({ tenants }: XksProxySettings): readonly NamedExternalKey[] {
  return tenants.flatMap(({ prefix, keys }) => keys.map((key) => ({ ...key, uriPath: uriPathOf(prefix) })))
}

/** Tells of reserved keys that are no longer usable, whoever did it: now and, on the node that does it, with each change. */
export async function watchReservedKeys(
  settings: XksProxySettings,
  store: Pick<Store, 'findKey' | 'onCommit'>,
  now: () => number,
  log: Log,
): Promise<void> {
  const externalKeys = externalKeysOf(settings)
  const byRef = Map.groupBy(externalKeys, ({ key }) => keyRef(key))

  async function look(ref: string): Promise<void> {
    for (const { key, externalId, uriPath } of byRef.get(ref) ?? []) {
      const found = await store.findKey(key)
      const state = found === undefined ? 'missing' : keyState(found, now())
      if (state === 'Enabled') continue
      const fields = { key: key.arn, state, externalId, uriPath }
      log.warn(
        fields,
        'a key that serves as an external key cannot be used; once it is deleted, everything that the other KMS encrypted under it is lost',
      )
    }
  }

  store.onCommit((notices) => {
    for (const { kind, subject } of notices) {
      if (kind !== 'key' || !byRef.has(subject)) continue
      look(subject).catch((error) => log.error({ err: error, key: subject }, 'the state of an external key is unknown'))
    }
  })
  for (const ref of byRef.keys()) await look(ref)
}
