import type { KeyMetadata } from '@aws-sdk/client-kms'

export interface RegionDialogProps {
  readonly metadata: KeyMetadata
  /** That the set is in. */
  readonly regions: readonly string[]
  onDone(): void
  onClose(): void
}
