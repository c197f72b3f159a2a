/** Creates a key as it was described. */
import { CreateAliasCommand, CreateKeyCommand, type KeyMetadata, type KMSClient } from '@aws-sdk/client-kms'
import { shortAlias } from '../aws/all-keys.ts'
import type { KeyDraft } from './key-draft.ts'

export interface CreatedKey {
  readonly metadata: KeyMetadata
  /** Without `alias/`; empty for none. */
  readonly alias: string
  /** Why the key has no alias though one was asked for: the key is there all the same. */
  readonly aliasError: unknown
}

export async function createKey(kms: KMSClient, draft: KeyDraft, policy: string): Promise<CreatedKey> {
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({
      KeySpec: draft.spec,
      KeyUsage: draft.usage,
      Origin: draft.origin,
      MultiRegion: draft.isMultiRegion,
      Description: draft.description,
      Policy: policy,
      ...(draft.tags.length > 0 && { Tags: draft.tags.map(({ key, value }) => ({ TagKey: key, TagValue: value })) }),
    }),
  )
  const alias = shortAlias(draft.alias.trim())
  let aliasError: unknown
  if (alias !== '') {
    try {
      await kms.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId: KeyMetadata!.KeyId }))
    } catch (error) {
      aliasError = error
    }
  }
  return { metadata: KeyMetadata!, alias, aliasError }
}
