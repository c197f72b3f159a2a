/** Who makes a call. */

export interface Principal {
  /** As in CloudTrail's userIdentity (audit.md section 2). */
  readonly type: 'Root' | 'IAMUser'
  readonly account: string
  /** `arn:aws:iam::<account>:user/<name>` or `arn:aws:iam::<account>:root`. */
  readonly arn: string
  /** Unique id: the account for its root, `AIDA…` for a user. */
  readonly principalId: string
  readonly userName?: string
  readonly accessKeyId: string
}
