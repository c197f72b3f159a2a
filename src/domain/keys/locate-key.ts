/** From what a request says to a key (operations.md section 2, lifecycle.md CT-5). */
import { aliasArn, isAccount, isRegion, keyArn, parseArn, partitionOf } from '../../base/arn.ts'
import { KmsError, notFound } from '../../base/errors.ts'
import { materialIdOfBlob } from '../../crypto/blob-material.ts'
import { ALIAS_PREFIX } from '../aliases.ts'
import type { Lookups, MaybePromise } from '../store.ts'
import { arnOf, isDeleted, type Key, type KeyName } from './key.ts'
import { isPrimary } from './multi-region.ts'

/** The caller's namespace: his account in the endpoint's Region. */
export interface Namespace {
  readonly account: string
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

export interface LocatedKey {
  readonly arn: string
  readonly account: string
  readonly key: Key | undefined
  /** Set when the key does not exist: what a caller who may know is told. No error yet: the time of making it would tell all others. */
  readonly missing?: string
  /** `alias/name`, if that is how the caller named the key (condition key kms:RequestAlias). */
  readonly requestAlias?: string
  readonly foundByCiphertext?: boolean
  /** `key` does not exist yet; the call makes it if it is allowed (lifecycle.md MGD-1). */
  readonly isToBeMade?: boolean
  /** The material that the ciphertext names. */
  readonly materialId?: string
}

export type IdentifierForms = 'key' | 'key or alias'

/** In capitals it is the ID of no key, as recorded. */
const KEY_ID = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i

/** @param shown in quotes, but for that of an ARN: as recorded. */
function invalidKeyId(shown: string): KmsError {
  return notFound(`Invalid keyId ${shown}`)
}

/**
 * Rules of operations.md 2.3. At once where the key is at hand, and named by its id or ARN.
 * @throws {KmsError} for text that names no key in this Region, whoever asks.
 */
export function locateKey(
  lookups: Lookups,
  here: Namespace,
  identifier: string,
  forms: IdentifierForms,
): MaybePromise<LocatedKey> {
  if (identifier.startsWith('arn:')) return locateByArn(lookups, here, identifier, forms)
  if (identifier.startsWith(ALIAS_PREFIX)) {
    refuseAlias(forms)
    return locateByAlias(lookups, here, here.account, identifier)
  }
  if (!KEY_ID.test(identifier)) throw invalidKeyId(`'${identifier}'`)
  return locateById(lookups, here, here.account, identifier)
}

function refuseAlias(forms: IdentifierForms): void {
  if (forms === 'key') throw new KmsError('InvalidArnException', 'Key Aliases are not supported for this operation.')
}

function locateByArn(
  lookups: Lookups,
  here: Namespace,
  text: string,
  forms: IdentifierForms,
): MaybePromise<LocatedKey> {
  const arn = parseArn(text)
  if (arn === undefined || arn.service !== 'kms' || !isAccount(arn.account)) throw malformedArn(text)
  // Before the partition: another Region's ARN often has another partition too, and this is the recorded answer.
  if (arn.region !== here.region)
    throw isRegion(arn.region) ? notFound(`Invalid arn ${arn.region}`) : malformedArn(text)
  if (arn.partition !== partitionOf(here.region)) throw malformedArn(text)
  if (arn.resource.startsWith(ALIAS_PREFIX)) {
    refuseAlias(forms)
    return locateByAlias(lookups, here, arn.account, arn.resource)
  }
  const keyId = arn.resource.startsWith('key/') ? arn.resource.slice('key/'.length) : undefined
  if (keyId === undefined) throw malformedArn(text)
  if (!KEY_ID.test(keyId)) throw invalidKeyId(keyId)
  return locateById(lookups, here, arn.account, keyId)
}

/** operations.md 2.4 and section 8, row 13. */
function malformedArn(text: string): KmsError {
  return new KmsError('InvalidArnException', `Invalid arn ${text}`)
}

function locateById(lookups: Lookups, here: Namespace, account: string, keyId: string): MaybePromise<LocatedKey> {
  const name = { account, region: here.region, keyId }
  const found = lookups.findKey(name, account !== here.account)
  return found instanceof Promise ? found.then((key) => locatedById(name, key, here)) : locatedById(name, found, here)
}

function locatedById(name: KeyName, found: Key | undefined, here: Namespace): LocatedKey {
  const { account } = name
  const key = present(found, here)
  if (key !== undefined) return { arn: key.arn, account, key }
  const arn = arnOf(name)
  return { arn, account, key, missing: `Key '${arn}' does not exist` }
}

async function locateByAlias(
  lookups: Lookups,
  here: Namespace,
  account: string,
  aliasName: string,
): Promise<LocatedKey> {
  const { region } = here
  const isForeign = account !== here.account
  const alias = await lookups.findAlias({ account, region, aliasName }, isForeign)
  const key = alias && present(await lookups.findKey({ account, region, keyId: alias.keyId }, isForeign), here)
  if (key !== undefined) return { arn: key.arn, account, key, requestAlias: aliasName }
  const arn = aliasArn(account, region, aliasName)
  return { arn, account, key, missing: `Alias ${arn} is not found.`, requestAlias: aliasName }
}

function present(key: Key | undefined, { time }: Namespace): Key | undefined {
  return key !== undefined && isDeleted(key, time) ? undefined : key
}

function incorrectKey(): KmsError {
  return new KmsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )
}

/**
 * Steps 1 to 3 of CT-5: the key is the one that the ciphertext names; an identifier beside it is a check, and is compared,
 * not looked up, so nothing about other keys shows.
 */
export function locateKeyOfCiphertext(
  lookups: Lookups,
  here: Namespace,
  blob: Buffer,
  identifier: string | undefined,
): MaybePromise<LocatedKey> {
  const materialId = materialIdOfBlob(blob)
  const found = lookups.findKeyByMaterial(here.region, materialId)
  if (identifier !== undefined) return locateExpected(lookups, here, found, materialId, identifier)
  return found instanceof Promise
    ? found.then((key) => namedByCiphertext(present(key, here), materialId))
    : namedByCiphertext(present(found, here), materialId)
}

function namedByCiphertext(key: Key | undefined, materialId: string): LocatedKey {
  // An unknown key reads like a foreign one (MAN-9, A-8).
  const { arn, account } = key ?? NOWHERE
  return { arn, account, key, foundByCiphertext: true, materialId }
}

const NOWHERE = { arn: '', account: '' }

async function locateExpected(
  lookups: Lookups,
  here: Namespace,
  found: MaybePromise<Key | undefined>,
  materialId: string,
  identifier: string,
): Promise<LocatedKey> {
  const key = present(await found, here)
  const expected = await expectedArn(lookups, here, identifier)
  if (key === undefined) {
    // As above; with an identifier of the own account it is a mismatch.
    if (parseArn(expected)?.account !== here.account) return { ...NOWHERE, key, materialId }
    throw incorrectKey()
  }
  if (expected !== key.arn) throw incorrectKey()
  const { arn, account } = key
  const located = { arn, account, key, materialId }
  const requestAlias = aliasNameIn(identifier)
  return requestAlias === undefined ? located : { ...located, requestAlias }
}

/** The key ARN that an identifier means, without asking whether that key exists; aliases are resolved. */
async function expectedArn(lookups: Lookups, here: Namespace, identifier: string): Promise<string> {
  const aliasName = aliasNameIn(identifier)
  if (aliasName === undefined) {
    if (KEY_ID.test(identifier)) return keyArn(here.account, here.region, identifier)
    const keyId = parseArn(identifier)?.resource.match(/^key\/(.*)$/)?.[1]
    if (keyId === undefined || !KEY_ID.test(keyId)) throw invalidKeyId(keyId ?? `'${identifier}'`)
    return identifier
  }
  const { missing, arn } = await locateKey(lookups, here, identifier, 'key or alias')
  if (missing !== undefined && parseArn(arn)?.account === here.account) throw notFound(missing)
  return arn
}

function aliasNameIn(identifier: string): string | undefined {
  if (identifier.startsWith(ALIAS_PREFIX)) return identifier
  const resource = identifier.startsWith('arn:') ? parseArn(identifier)?.resource : undefined
  return resource?.startsWith(ALIAS_PREFIX) ? resource : undefined
}

/** In another Region. @returns `undefined` where the key of `identifier` is no primary with a replica there. */
export async function locateReplica(
  lookups: Lookups,
  here: Namespace,
  identifier: string,
  region: string,
): Promise<LocatedKey | undefined> {
  const { key: primary } = await locateKey(lookups, here, identifier, 'key')
  if (primary === undefined || !isPrimary(primary) || !primary.multiRegionSet?.replicaRegions.includes(region)) {
    return undefined
  }
  const { account, keyId } = primary
  const key = present(await lookups.findKey({ account, region, keyId }), here)
  return key && { arn: key.arn, account, key }
}

/** The alias's present target: the first key that UpdateAlias needs permission on. */
export async function locateKeyOfAlias(lookups: Lookups, here: Namespace, aliasName: string): Promise<LocatedKey> {
  // The caller named the alias, not the key by it: kms:RequestAlias is absent (authorization.md 3.2).
  const { requestAlias: _, ...located } = await locateByAlias(lookups, here, here.account, aliasName)
  return located
}
