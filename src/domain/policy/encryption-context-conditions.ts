/** `kms:EncryptionContext:…` and `kms:EncryptionContextKeys` (authorization.md 3.2). */
import type { ConditionValues } from './condition-values.ts'

/** @param context absent or empty: the keys are absent. */
export function encryptionContextConditions(context: Readonly<Record<string, string>> | undefined): ConditionValues {
  const names = context === undefined ? [] : Object.keys(context)
  if (names.length === 0) return {}
  const conditions: Record<string, string | readonly string[]> = { 'kms:EncryptionContextKeys': names }
  for (const name of names) conditions[`kms:EncryptionContext:${name}`] = context![name]!
  return conditions
}
