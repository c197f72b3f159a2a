import type { KeyMetadata } from '@aws-sdk/client-kms'

/** A key with the name that a person knows it by. */
export interface NamedKey {
  readonly metadata: KeyMetadata
  readonly name: string
}

/** `key payments` or `3 keys`. */
export function keysText(keys: readonly NamedKey[]): string {
  return keys.length === 1 ? `key ${keys[0]!.name}` : `${keys.length} keys`
}

/** Of every dialog about whole keys. */
export interface KeyDialogProps {
  readonly keys: readonly NamedKey[]
  onDone(): void
  onClose(): void
}
