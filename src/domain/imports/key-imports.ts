/**
 * The way of key material from its owner into this installation (lifecycle.md 4.2 to 4.5, 4.9): a wrapping key is handed
 * out, and what comes back under it is unwrapped, checked, named and sealed. Nothing above this file sees its bytes.
 *
 * Nothing is kept for an import that is under way: the wrapping private key travels, sealed, in the import token.
 */
import { partitionOf } from '../../base/arn.ts'
import { DAY_MS } from '../../base/clock.ts'
import { invalidCiphertext, KmsError } from '../../base/errors.ts'
import { MaterialError } from '../../crypto/algorithms/index.ts'
import { TokenError, type TokenSubject } from '../../crypto/domain-key.ts'
import { decodeImportToken, encodeImportToken, type ImportTokenContent } from '../../crypto/import/import-token.ts'
import { materialFingerprint } from '../../crypto/import/material-fingerprint.ts'
import {
  unwrapMaterial,
  type WrappingAlgorithm,
  type WrappingKeySpec,
} from '../../crypto/import/wrapping-algorithms.ts'
import { keyMaterialId } from '../../crypto/key-material-id.ts'
import type { DomainKeys } from '../keys/domain-keys.ts'
import type { Key, KeyName } from '../keys/key.ts'
import { keyTokenSubject } from '../keys/key-material.ts'
import { keySpecRow, SYMMETRIC_DEFAULT } from '../keys/key-specs.ts'
import type { Reader } from '../store.ts'
import { createWrappingKeyPool } from './wrapping-key-pool.ts'

/** IMP-11. */
const PARAMETERS_LIFETIME_MS = DAY_MS

export interface ImportParameters {
  readonly importToken: Buffer
  /** SPKI DER. */
  readonly publicKey: Buffer
  /** Milliseconds since the epoch. */
  readonly validTo: number
}

/** What came in, checked and sealed, not yet stored. */
export interface ReceivedMaterial {
  readonly materialId: string
  readonly token: Buffer
  /** The token is bound to it. */
  readonly createdAt: number
}

export interface KeyImports {
  /** @param wrapping a combination that the key's spec allows. @throws {KmsError} `ThrottlingException`. */
  parametersFor(
    key: Key,
    wrapping: { readonly algorithm: WrappingAlgorithm; readonly wrappingKeySpec: WrappingKeySpec },
    now: number,
  ): Promise<ImportParameters>
  /**
   * Steps 4 to 8 of IMP-47.
   * @throws {KmsError} `InvalidImportTokenException`, `ExpiredImportTokenException` or `InvalidCiphertextException`, none
   * with a text, and the last whatever is wrong with what was wrapped.
   */
  receive(key: Key, importToken: Buffer, wrapped: Buffer, now: number): Promise<ReceivedMaterial>
}

export function createKeyImports(reader: Reader, domainKeys: DomainKeys): KeyImports {
  const wrappingKeys = createWrappingKeyPool()

  async function openImportToken(key: Key, importToken: Buffer): Promise<ImportTokenContent> {
    try {
      return decodeImportToken(await domainKeys.open(importTokenSubject(key), importToken))
    } catch (cause) {
      if (cause instanceof TokenError) throw new KmsError('InvalidImportTokenException', undefined, { cause })
      throw cause
    }
  }

  /** In the one encoding that rests; the caller wipes it. */
  async function unwrap(key: Key, content: ImportTokenContent, wrapped: Buffer): Promise<Buffer> {
    const bytes = await unwrapMaterial({ ...content, wrapped })
    try {
      return await keySpecRow(key.spec).importMaterial!(bytes)
    } catch (error) {
      throw error instanceof MaterialError ? invalidCiphertext(error) : error
    } finally {
      bytes.fill(0)
    }
  }

  async function nameOf(key: Key, material: Buffer): Promise<string> {
    if (key.spec === SYMMETRIC_DEFAULT) return keyMaterialId(material, key.account, key.keyId)
    return materialFingerprint(await domainKeys.fingerprintKey(), key.account, key.keyId, material)
  }

  return {
    async parametersFor(key, wrapping, now) {
      const { privateKey, publicKey } = await wrappingKeys.take(wrapping.wrappingKeySpec)
      const validTo = now + PARAMETERS_LIFETIME_MS
      const content = encodeImportToken({ ...wrapping, issuedAt: now, expiresAt: validTo, privateKey })
      privateKey.fill(0)
      const importToken = await domainKeys.seal(importTokenSubject(key), content)
      content.fill(0)
      return { importToken, publicKey, validTo }
    },
    async receive(key, importToken, wrapped, now) {
      const content = await openImportToken(key, importToken)
      if (content.expiresAt <= now) {
        content.privateKey.fill(0)
        throw new KmsError('ExpiredImportTokenException')
      }
      const material = await unwrap(key, content, wrapped)
      const materialId = await nameOf(key, material)
      // A material that is imported again keeps its date.
      const createdAt = (await reader.findMaterial(key.region, materialId))?.createdAt ?? now
      const token = await domainKeys.seal(keyTokenSubject(key, materialId, createdAt), material)
      material.fill(0)
      return { materialId, token, createdAt }
    },
  }
}

/** IMP-90: a token of another key, account or Region does not authenticate. */
function importTokenSubject({ account, region, keyId }: KeyName): TokenSubject {
  return ['kms:import-token:v1', partitionOf(region), account, region, keyId]
}
