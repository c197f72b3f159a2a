/**
 * Services: programs that an operator trusts to call on their own behalf, and on behalf of users whose requests they have
 * verified (authorization.md S-2, S-3; lifecycle.md MGD-7). They belong to no account and have no policies: key policies,
 * trust policies and grants name them.
 */
import type { TokenSubject } from '../../crypto/domain-key.ts'
import type { RandomSource } from '../../crypto/random.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { Principal } from '../principal.ts'
import { accessKeyIdOf, secretAccessKey as newSecretAccessKey } from './identifiers.ts'
import type { NewAccessKey } from './identity-services.ts'

export interface StoredService {
  /** `billing.example.com` */
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface ServiceAccessKey {
  readonly accessKeyId: string
  readonly service: string
  readonly active: boolean
  /** Token of the secret access key. */
  readonly token: Buffer
  readonly createdAt: number
}

/** As users have: one in use, and the one that takes its place. */
export const SERVICE_ACCESS_KEYS_MAX = 2

/** Where an account would stand: services have none. */
export const NO_ACCOUNT = ''

const SERVICE_NAME = /^(?=.{3,128}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/
const AWS_SERVICE_NAME = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/

export function isServiceName(text: string): boolean {
  return SERVICE_NAME.test(text)
}

/** May a policy or a grant name this service? Those of AWS always, others once an operator has made them (P-8). */
export async function isKnownService(
  name: string,
  { hasService }: { hasService(name: string): Promise<boolean> },
): Promise<boolean> {
  if (!isServiceName(name)) return false
  return AWS_SERVICE_NAME.test(name) || hasService(name)
}

/** Of a service that calls on its own behalf. */
export function servicePrincipal(name: string, accessKeyId: string): Principal {
  return Object.freeze({
    type: 'AWSService',
    account: NO_ACCOUNT,
    arn: name,
    principalId: name,
    entityId: name,
    principalArn: name,
    accessKeyId,
  })
}

/** The value of kms:ViaService: `s3.us-east-1.amazonaws.com` for `s3.amazonaws.com` (S-2). */
export function viaService(name: string, region: string): string {
  const suffix = /\.amazonaws\.com(\.cn)?$/.exec(name)?.index ?? name.indexOf('.')
  return `${name.slice(0, suffix)}.${region}${name.slice(suffix)}`
}

/** The id of an access key tells an account; services share the one that no account has. */
const ACCOUNT_IN_ACCESS_KEY_IDS = '000000000000'

function subject(service: string, accessKeyId: string): TokenSubject {
  return ['kms:service-access-key:v1', service, accessKeyId]
}

export function sealServiceSecret(
  domainKeys: DomainKeys,
  service: string,
  accessKeyId: string,
  secret: string,
): Promise<Buffer> {
  return domainKeys.seal(subject(service, accessKeyId), Buffer.from(secret))
}

/** UTF-8 bytes of the secret; the caller wipes them. */
export function openServiceSecret(
  domainKeys: DomainKeys,
  { service, accessKeyId, token }: ServiceAccessKey,
): Promise<Buffer> {
  return domainKeys.open(subject(service, accessKeyId), token)
}

/** Not within a transaction: sealing may make a domain key. */
export async function makeServiceAccessKey(
  domainKeys: DomainKeys,
  random: RandomSource,
  service: string,
): Promise<NewAccessKey> {
  const accessKeyId = accessKeyIdOf(ACCOUNT_IN_ACCESS_KEY_IDS, random)
  const secretAccessKey = newSecretAccessKey(random)
  const token = await sealServiceSecret(domainKeys, service, accessKeyId, secretAccessKey)
  return { accessKeyId, secretAccessKey, token }
}
