/** The services of AWS that have a key of their own in an account and Region: `alias/aws/<name>` (lifecycle.md MGD-1). */
import { type AliasName, RESERVED_ALIAS_PREFIX } from '../aliases.ts'

export interface ManagingService {
  /** What follows `alias/aws/`. */
  readonly name: string
  /** As the policies of its keys call it. */
  readonly title: string
  /** As they call it again. */
  readonly shortTitle: string
  /** As the descriptions of its keys say what they are for. */
  readonly protects: string
  /** First part of its endpoint's name, for `kms:ViaService`. */
  readonly endpoint: string
}

type Row = readonly [
  name: string,
  title: string,
  protects: string,
  others?: Partial<Pick<ManagingService, 'shortTitle' | 'endpoint'>>,
]

/** In order of their names. */
const ROWS: readonly Row[] = [
  ['acm', 'ACM', 'ACM private keys'],
  ['backup', 'Backup', 'Backup data'],
  ['codecommit', 'CodeCommit', 'CodeCommit repositories'],
  ['dynamodb', 'Amazon DynamoDB', 'DynamoDB data'],
  ['ebs', 'EBS', 'EBS volumes', { endpoint: 'ec2' }],
  ['elasticfilesystem', 'EFS', 'EFS filesystems'],
  ['es', 'Elasticsearch', 'Elasticsearch data'],
  ['glue', 'Glue', 'Glue data'],
  ['kafka', 'MSK', 'MSK data'],
  ['kinesis', 'Kinesis', 'Kinesis data'],
  ['kinesisvideo', 'Kinesis Video Streams', 'Kinesis Video Streams data'],
  ['lambda', 'AWS Lambda', 'Lambda functions'],
  ['rds', 'RDS', 'RDS database volumes'],
  ['redshift', 'Redshift', 'Redshift clusters'],
  ['s3', 'S3', 'S3 objects'],
  ['secretsmanager', 'AWS Secrets Manager', 'Secrets Manager data'],
  ['sns', 'SNS', 'SNS data'],
  ['sqs', 'Simple Queue Service (SQS)', 'SQS messages', { shortTitle: 'SQS' }],
  ['ssm', 'SSM', 'SSM parameters'],
  ['xray', 'X-Ray', 'X-Ray data'],
]

const SERVICES: ReadonlyMap<string, ManagingService> = new Map(
  ROWS.map(([name, title, protects, others]) => [
    RESERVED_ALIAS_PREFIX + name,
    Object.freeze({ name, title, shortTitle: title, protects, endpoint: name, ...others }),
  ]),
)

/** In order. */
const NAMES: readonly string[] = [...SERVICES.keys()]

/** @param aliasName with its prefix; `undefined` finds nothing. */
export function managingService(aliasName: string | undefined): ManagingService | undefined {
  return aliasName === undefined ? undefined : SERVICES.get(aliasName)
}

/** A predefined alias whose key does not exist yet; it points nowhere. */
export interface UntiedAlias extends AliasName {
  readonly keyId: undefined
}

/**
 * Predefined aliases among those of a page, each in its place, also where no key is behind it yet (operations.md 3.32).
 *
 * @param found in order of name, from after `after` on, at most `limit`.
 * @returns in order of name, at most `limit`.
 */
export function withPredefined<T extends AliasName>(
  found: readonly T[],
  { account, region }: Pick<AliasName, 'account' | 'region'>,
  { after = '', limit }: { readonly after: string | undefined; readonly limit: number },
): readonly (T | UntiedAlias)[] {
  const tied = new Set(found.map(({ aliasName }) => aliasName))
  const untied = NAMES.filter((aliasName) => aliasName > after && !tied.has(aliasName))
  const all = [...found, ...untied.map((aliasName): UntiedAlias => ({ account, region, aliasName, keyId: undefined }))]
  // A page that is full ends before any name that it leaves out, so one that is cut off here comes with the next.
  return all.sort((one, other) => (one.aliasName < other.aliasName ? -1 : 1)).slice(0, limit)
}
