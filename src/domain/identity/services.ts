/**
 * Services: programs that an operator trusts to call on their own behalf, and on behalf of users whose requests they have
 * verified (authorization.md S-2, S-3; lifecycle.md MGD-7). They belong to no account and have no policies: key policies,
 * trust policies and grants name them.
 */
import type { Principal } from '../principal.ts'

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
