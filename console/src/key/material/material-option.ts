import type { RotationsListEntry } from '@aws-sdk/client-kms'

export interface MaterialOption {
  readonly value: string
  readonly label: string
  readonly description: string
  readonly isCurrent: boolean
}

/** A key material as a choice in a list. */
export function materialOption(entry: RotationsListEntry): MaterialOption {
  const { KeyMaterialId: id = '', KeyMaterialState: state = '', KeyMaterialDescription: description } = entry
  const words = [state.toLowerCase().replaceAll('_', ' '), description].filter(Boolean)
  return { value: id, label: `${id.slice(0, 16)}…`, description: words.join(', '), isCurrent: state === 'CURRENT' }
}
