import type { KeyMetadata } from '@aws-sdk/client-kms'

/** Of every tab. */
export interface TabProps {
  readonly metadata: KeyMetadata
  /** After something was changed that other parts of the page show. */
  onChange(): void
}
