/** Where AWS KMS is. */
import { parseArn } from '../base/arn.ts'

/** In the Region and partition of a key or an alias. */
export function awsKmsEndpoint(arn: string): string {
  const { partition, region } = parseArn(arn)!
  return `https://kms.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`
}
