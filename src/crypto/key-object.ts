/** Key material as a KeyObject, which prints, serialises and clones as nothing readable. */
import { createSecretKey, type KeyObject } from 'node:crypto'

export type SecretKey = KeyObject

/** Wipes `material`. */
export function secretKey(material: Buffer): SecretKey {
  const key = createSecretKey(material)
  material.fill(0)
  return key
}
