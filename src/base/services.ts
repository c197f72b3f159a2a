/** The services behind the one listener; each has its name in the credential scope of its requests. */
export type Service = 'kms' | 'sts' | 'iam' | 'cloudtrail'
