/** AWS's words for what KMS returns. */
import type { KeyMetadata, KeyState, KeyUsageType, OriginType } from '@aws-sdk/client-kms'
import type { StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'

const USAGES: Readonly<Record<string, string>> = {
  ENCRYPT_DECRYPT: 'Encrypt and decrypt',
  SIGN_VERIFY: 'Sign and verify',
  GENERATE_VERIFY_MAC: 'Generate and verify MAC',
  KEY_AGREEMENT: 'Key agreement',
  ENCAPSULATE_DECAPSULATE: 'Encapsulate and decapsulate',
}

export function usageText(usage: KeyUsageType | undefined): string {
  return usage === undefined ? '-' : (USAGES[usage] ?? usage)
}

const STATES: Readonly<Partial<Record<KeyState, { type: StatusIndicatorProps.Type; text: string }>>> = {
  Enabled: { type: 'success', text: 'Enabled' },
  Disabled: { type: 'stopped', text: 'Disabled' },
  PendingDeletion: { type: 'pending', text: 'Pending deletion' },
  PendingReplicaDeletion: { type: 'pending', text: 'Pending replica deletion' },
  PendingImport: { type: 'warning', text: 'Pending import' },
  Creating: { type: 'in-progress', text: 'Creating' },
  Updating: { type: 'in-progress', text: 'Updating' },
  Unavailable: { type: 'error', text: 'Unavailable' },
}

export function stateWords(state: KeyState): { type: StatusIndicatorProps.Type; text: string } {
  return STATES[state] ?? { type: 'info', text: state }
}

const ORIGINS: Readonly<Record<OriginType, string>> = {
  AWS_KMS: 'KMS',
  EXTERNAL: 'External (import key material)',
  AWS_CLOUDHSM: 'CloudHSM key store',
  EXTERNAL_KEY_STORE: 'External key store',
}

export function originText(origin: OriginType | undefined): string {
  return origin === undefined ? '-' : (ORIGINS[origin] ?? origin)
}

export function isSymmetric({ KeySpec }: KeyMetadata): boolean {
  return KeySpec === 'SYMMETRIC_DEFAULT' || (KeySpec?.startsWith('HMAC_') ?? false)
}

export function keyTypeText(metadata: KeyMetadata): string {
  return isSymmetric(metadata) ? 'Symmetric' : 'Asymmetric'
}

export function regionalityText({ MultiRegion, MultiRegionConfiguration }: KeyMetadata): string {
  if (!MultiRegion) return 'Single Region'
  return MultiRegionConfiguration?.MultiRegionKeyType === 'PRIMARY' ? 'Multi-Region primary' : 'Multi-Region replica'
}

const DATE = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

/** In the reader's time zone, which the tooltip of a whole page would not fit; `-` for nothing. */
export function timeText(time: Date | undefined): string {
  return time === undefined ? '-' : DATE.format(time)
}

export function dayText(time: Date | undefined): string {
  return time === undefined ? '-' : DAY.format(time)
}
