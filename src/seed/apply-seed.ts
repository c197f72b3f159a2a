/** Brings the keys and identities of a seed into a store: all of them, or none where the store contradicts the seed. */
import type { Clock } from '../base/clock.ts'
import { checkAliasQuota } from '../domain/alias-rules.ts'
import { type AliasName, aliasRef } from '../domain/aliases.ts'
import type { ExternalAccounts } from '../domain/identity/resolve-principal.ts'
import { arnOf, type Key, type KeyName, keyRef, type Tag } from '../domain/keys/key.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import { keySpecRow, MaterialError } from '../domain/keys/key-specs.ts'
import { checkKeyQuota } from '../domain/keys/new-key.ts'
import { writtenKeyPolicy } from '../domain/keys/written-policy.ts'
import { defaultKeyPolicy } from '../domain/policy/key-policy.ts'
import { createQuotas } from '../domain/quotas.ts'
import type { Change, StoredKeyMaterial } from '../domain/store.ts'
import { applyIdentities, type IdentityOutcome, type IdentitySeedServices, planIdentities } from './apply-identities.ts'
import { inPlace } from './in-place.ts'
import type { Seed, SeedKey } from './seed.ts'
import { SeedError } from './seed-error.ts'

export interface SeedServices extends IdentitySeedServices {
  readonly keyMaterials: KeyMaterials
  readonly clock: Clock
}

export interface SeedDefaults {
  readonly account: string
  readonly region: string
}

export interface SeedOutcome {
  readonly keysMade: number
  readonly aliasesMade: number
  /** Keys that were there already, just as the seed wants them. */
  readonly keysFound: number
  /** Users, roles and groups. */
  readonly identitiesMade: number
  readonly identitiesFound: number
}

/** A key of the seed with its full name and the material that it would get. */
interface Planned extends KeyName {
  readonly seed: SeedKey
  readonly material: StoredKeyMaterial
}

/** AWS's: a seed is to work wherever it is applied. */
const QUOTAS = createQuotas()

const FACTS = { origin: 'AWS_KMS', multiRegion: false } as const

/** Applying a seed twice changes nothing the second time. @throws {SeedError} that lists every contradiction. */
export async function applySeed(services: SeedServices, seed: Seed, defaults: SeedDefaults): Promise<SeedOutcome> {
  const names = seed.keys.map((entry) => nameOf(entry, seed, defaults))
  checkUnique(seed.keys, names)
  const createdAt = services.clock.now()
  const planned: Planned[] = []
  // Sealing may have to make a domain key, which is a change of its own: before the transaction.
  for (const [index, entry] of seed.keys.entries()) {
    const { spec, usage } = entry
    const facts = { ...names[index]!, ...FACTS, spec, usage }
    const material = await services.keyMaterials.create(facts, createdAt, await checkedMaterial(entry))
    planned.push({ ...names[index]!, seed: entry, material })
  }
  const account = seed.account ?? defaults.account
  const identities = await planIdentities(services, seed.identities, account)
  return services.store.change(async (change) => {
    // First: policies of keys may name them.
    const found = await applyIdentities(services, change, identities, account, createdAt)
    return applyAll(services, change, planned, createdAt, found)
  })
}

/** In the one encoding of the spec, as if it had been imported (lifecycle.md IMP-30 to 35). */
async function checkedMaterial({ place, spec, material }: SeedKey): Promise<Buffer | undefined> {
  if (material === undefined) return undefined
  try {
    return await keySpecRow(spec).importMaterial!(material)
  } catch (error) {
    if (!(error instanceof MaterialError)) throw error
    throw new SeedError(`${place}.material: no material of a key of spec ${spec}: ${error.message}`, { cause: error })
  }
}

function nameOf(entry: SeedKey, seed: Seed, defaults: SeedDefaults): KeyName {
  const account = entry.account ?? seed.account ?? defaults.account
  const region = entry.region ?? seed.region ?? defaults.region
  return { account, region, keyId: entry.keyId }
}

function checkUnique(entries: readonly SeedKey[], names: readonly KeyName[]): void {
  const seen = new Map<string, string>()
  const claim = (ref: string, place: string, what: string) => {
    const first = seen.get(ref)
    if (first !== undefined) throw new SeedError(`${place}: ${what} is also at ${first}`)
    seen.set(ref, place)
  }
  entries.forEach(({ place, keyId, aliases }, index) => {
    claim(keyRef(names[index]!), `${place}.id`, `the key ${keyId}`)
    aliases.forEach((aliasName, position) => {
      claim(aliasRef({ ...names[index]!, aliasName }), `${place}.aliases[${position}]`, aliasName)
    })
  })
}

async function applyAll(
  { externalAccounts }: SeedServices,
  change: Change,
  planned: readonly Planned[],
  createdAt: number,
  identities: IdentityOutcome,
): Promise<SeedOutcome> {
  const outcome = { keysMade: 0, aliasesMade: 0, keysFound: 0 }
  const { contradictions } = identities
  for (const plan of planned) {
    const policy = await storedPolicy(change, plan.seed, externalAccounts)
    const existing = await change.findKey(plan)
    if (existing === undefined) {
      if (externalAccounts === 'reject') await checkAccount(change, plan)
      await insertKey(change, plan, policy, createdAt)
      outcome.keysMade++
    } else {
      contradictions.push(...contradictionsOf(existing, plan, policy))
      outcome.keysFound++
    }
    for (const [index, aliasName] of plan.seed.aliases.entries()) {
      const place = `${plan.seed.place}.aliases[${index}]`
      const made = await applyAlias(change, plan, aliasName, createdAt, place)
      if (made === true) outcome.aliasesMade++
      else if (made !== undefined) contradictions.push(`${place}: ${made}`)
    }
  }
  // Thrown inside the transaction: nothing of the seed stays.
  if (contradictions.length > 0)
    throw new SeedError(`the seed contradicts the store:\n  ${contradictions.join('\n  ')}`)
  return { ...outcome, identitiesMade: identities.made, identitiesFound: identities.found }
}

/** Nobody could sign for an account that is not here, so nobody could use its keys. */
async function checkAccount(change: Change, { account, seed: { place } }: Planned): Promise<void> {
  if (await change.hasAccount(account)) return
  const remedy = 'name it under accounts of the seed; else give --external-accounts accept'
  throw new SeedError(`${place}: there is no account ${account} (${remedy})`)
}

/** With the unique ids of the principals that it names (authorization.md P-4). */
async function storedPolicy(change: Change, { place, policy }: SeedKey, externalAccounts: ExternalAccounts) {
  if (policy === undefined) return undefined
  try {
    return await inPlace(`${place}.policy`, () => writtenKeyPolicy(policy, change, externalAccounts))
  } catch (error) {
    if (!(error instanceof SeedError) || externalAccounts === 'accept') throw error
    const rule = 'whom it names must exist, in accounts that are here or under accounts of the seed'
    throw new SeedError(`${error.message} (${rule}; else give --external-accounts accept)`, { cause: error })
  }
}

async function insertKey(change: Change, plan: Planned, policy: string | undefined, createdAt: number): Promise<void> {
  const { account, region, keyId, seed, material } = plan
  await inPlace(seed.place, () => checkKeyQuota(change, account, region, QUOTAS))
  const key: Key = Object.freeze({
    account,
    region,
    keyId,
    ...FACTS,
    spec: seed.spec,
    usage: seed.usage,
    arn: arnOf(plan),
    manager: 'CUSTOMER',
    description: seed.description ?? '',
    createdAt,
    enabled: seed.enabled ?? true,
    multiRegionSet: undefined,
    deletion: undefined,
    currentMaterialId: material.materialId,
    tags: seed.tags ?? [],
    policy: policy ?? defaultKeyPolicy(account, region),
    rotation: undefined,
    onDemandRotations: 0,
    importedMaterial: undefined,
    customKeyStore: undefined,
  })
  await change.insertKey(key, [material])
}

/** Only what the seed says is compared: the rest may have changed since. */
function contradictionsOf(existing: Key, { seed, material }: Planned, policy: string | undefined): string[] {
  const { place, spec, usage, description, enabled, tags } = seed
  const differs: [name: string, isSo: boolean][] = [
    ['spec', existing.spec !== spec],
    ['usage', existing.usage !== usage],
    ['material', seed.material !== undefined && existing.currentMaterialId !== material.materialId],
    ['description', description !== undefined && existing.description !== description],
    ['enabled', enabled !== undefined && existing.enabled !== enabled],
    ['tags', tags !== undefined && !sameTags(existing.tags, tags)],
    ['policy', policy !== undefined && existing.policy !== policy],
  ]
  const found = differs.filter(([, isSo]) => isSo).map(([name]) => `${place}.${name}: ${existing.arn} has another`)
  return existing.deletion === undefined ? found : [`${place}: ${existing.arn} is scheduled for deletion`, ...found]
}

function sameTags(left: readonly Tag[], right: readonly Tag[]): boolean {
  const values = new Map(left.map(({ key, value }) => [key, value]))
  return values.size === right.length && right.every(({ key, value }) => values.get(key) === value)
}

/** @returns true if it was made, `undefined` if it was there, else why it cannot be. */
async function applyAlias(
  change: Change,
  plan: Planned,
  aliasName: string,
  createdAt: number,
  place: string,
): Promise<true | undefined | string> {
  const { account, region, keyId } = plan
  const name: AliasName = { account, region, aliasName }
  const existing = await change.findAlias(name)
  if (existing !== undefined) return existing.keyId === keyId ? undefined : `${aliasName} belongs to ${existing.keyId}`
  await inPlace(place, () => checkAliasQuota(change, plan, QUOTAS))
  await change.insertAlias({ ...name, keyId, createdAt, updatedAt: createdAt })
  return true
}
