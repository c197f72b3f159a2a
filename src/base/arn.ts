/** Amazon Resource Names and Regions (operations.md 2.1). */

export interface Arn {
  readonly partition: string
  readonly service: string
  readonly region: string
  readonly account: string
  readonly resource: string
}

/** Splits `arn:partition:service:region:account:resource`; `undefined` if the text has another shape. */
export function parseArn(text: string): Arn | undefined {
  const parts = text.split(':')
  if (parts.length < 6 || parts[0] !== 'arn') return undefined
  const [, partition, service, region, account] = parts as [string, string, string, string, string]
  return { partition, service, region, account, resource: parts.slice(5).join(':') }
}

/** The Region pattern of the service model. */
const REGION = /^([a-z]+-){2,3}\d+$/
const REGION_CHARS_MAX = 32

export function isRegion(text: string): boolean {
  return text.length <= REGION_CHARS_MAX && REGION.test(text)
}

/** The partition that AWS puts a Region in. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  if (region.startsWith('us-gov-')) return 'aws-us-gov'
  return 'aws'
}

/** The ARN of an identity, which is in the partition `aws` here, as a Region's own partition names it. */
export function inPartitionOf(region: string, arn: string): string {
  return arn.replace(/^arn:aws:/, `arn:${partitionOf(region)}:`)
}

const ACCOUNT = /^\d{12}$/

export function isAccount(text: string): boolean {
  return ACCOUNT.test(text)
}

export function keyArn(account: string, region: string, keyId: string): string {
  return `arn:${partitionOf(region)}:kms:${region}:${account}:key/${keyId}`
}

/** `aliasName` includes the prefix `alias/`. */
export function aliasArn(account: string, region: string, aliasName: string): string {
  return `arn:${partitionOf(region)}:kms:${region}:${account}:${aliasName}`
}
