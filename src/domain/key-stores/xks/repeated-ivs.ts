/**
 * Notices an external key manager whose random source is broken: under one version of an external key an IV must never come
 * twice, or AES-GCM gives everything away (keystores.md 5.3). It is the manager's key, so this service can only raise an alarm.
 */
import { LRUCache } from 'lru-cache'
import { XKS_REMEMBERED_IVS_MAX } from '../../../base/limits.ts'
import type { ExternalCiphertext } from '../../../crypto/external-blob.ts'

/** @returns whether the key has been seen with this IV lately; from now on it has. */
export type NoteIv = (keyArn: string, sealed: ExternalCiphertext) => boolean

export function createRepeatedIvs(): NoteIv {
  const seen = new LRUCache<string, true>({ max: XKS_REMEMBERED_IVS_MAX })
  return (keyArn, { iv, metadata }) => {
    const name = `${keyArn} ${iv.toString('base64')} ${metadata.toString('base64')}`
    const isRepeated = seen.has(name)
    seen.set(name, true)
    return isRepeated
  }
}
