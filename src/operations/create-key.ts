/** Makes a KMS key (operations.md 3.6, lifecycle.md section 1). */
import { boolean, type Infer, optional, string, structure } from '../base/schema.ts'
import { makeStoreKey, refuseTakenXksKey, settleStoreKey, storeForKey } from '../domain/key-stores/new-store-key.ts'
import { checkKeyQuota, makeKey, type NewKey } from '../domain/keys/new-key.ts'
import { checkTags } from '../domain/keys/tags.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import { defaultKeyPolicy, readKeyPolicy } from '../domain/policy/key-policy.ts'
import { defineChange } from '../pipeline/operation.ts'
import { noteNewBackingKey } from './shapes/backing-keys.ts'
import { auditedKeyMetadata, keyMetadata } from './shapes/key-metadata.ts'
import {
  checkKeyParameters,
  customerMasterKeySpec,
  keySpec,
  keyUsage,
  origin,
  originOf,
  specOf,
  usageOf,
} from './shapes/key-parameters.ts'
import { withPolicy } from './shapes/key-policy.ts'
import { customKeyStoreId, description, policyText } from './shapes/members.ts'
import { newKeyConditions } from './shapes/new-key-conditions.ts'
import { auditedTags, tags, toTags } from './shapes/tags.ts'

const input = structure({
  Policy: optional(policyText),
  Description: optional(description),
  KeyUsage: optional(keyUsage),
  CustomerMasterKeySpec: optional(customerMasterKeySpec),
  KeySpec: optional(keySpec),
  Origin: optional(origin),
  CustomKeyStoreId: customKeyStoreId,
  BypassPolicyLockoutSafetyCheck: optional(boolean()),
  Tags: optional(tags),
  MultiRegion: optional(boolean()),
  XksKeyId: optional(string({ min: 1, max: 128, pattern: '^[a-zA-Z0-9-_.]+$' })),
})

type Input = Infer<typeof input>

function conditionsOf(input: Input): ConditionValues {
  const multiRegionKeyType = input.MultiRegion === true ? 'PRIMARY' : undefined
  const key = { spec: specOf(input), usage: usageOf(input), origin: originOf(input), multiRegionKeyType } as const
  return newKeyConditions(key, input)
}

export const CreateKey = defineChange({
  name: 'CreateKey',
  input,
  check(input) {
    checkKeyParameters(input)
    checkTags(toTags(input.Tags ?? []))
  },
  uses: [
    { on: 'account', permission: 'kms:CreateKey', isAboutKeys: true, conditionKeys: conditionsOf },
    {
      on: 'account',
      permission: 'kms:TagResource',
      isAboutKeys: true,
      applies: ({ Tags }) => Tags !== undefined && Tags.length > 0,
      conditionKeys: conditionsOf,
    },
  ],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      description: input.Description ?? '',
      keyUsage: usageOf(input),
      keySpec: specOf(input),
      customerMasterKeySpec: specOf(input),
      origin: originOf(input),
      multiRegion: input.MultiRegion,
      policy: input.Policy,
      bypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck ?? false,
      tags: auditedTags(input.Tags),
      customKeyStoreId: input.CustomKeyStoreId,
      xksKeyId: input.XksKeyId,
    }),
    response: ({ KeyMetadata }) => ({ keyMetadata: auditedKeyMetadata(KeyMetadata) }),
    created: ({ KeyMetadata }) => KeyMetadata.Arn,
  },
  async prepare(input, context): Promise<NewKey> {
    const { call, random, keyMaterials, store } = context
    // Before material is made, which may be slow.
    if (input.Policy !== undefined) readKeyPolicy(input.Policy)
    const { account } = call.principal
    const { region, time: createdAt } = call
    const choices = {
      account,
      region,
      spec: specOf(input),
      usage: usageOf(input),
      origin: originOf(input),
      multiRegion: input.MultiRegion ?? false,
      description: input.Description ?? '',
      createdAt,
      tags: toTags(input.Tags ?? []),
      policy: defaultKeyPolicy(account, region),
    }
    const { CustomKeyStoreId: storeId, XksKeyId } = input
    if (storeId === undefined) return makeKey(choices, random, keyMaterials)
    const name = { account, region, storeId }
    const keyStore = await storeForKey(store, name, choices)
    // Before the proxy is asked (keystores.md 5.4).
    await refuseTakenXksKey(store, name, XksKeyId)
    return makeStoreKey(choices, keyStore, XksKeyId, call, context)
  },
  async handler(input, context, prepared) {
    const { key: made, materials } = prepared
    const { change, call, additionalEventData } = context
    if (made.customKeyStore !== undefined) await settleStoreKey(change, prepared)
    const { Policy } = input
    const key = Policy === undefined ? made : await withPolicy(made, { ...input, Policy }, context)
    await checkKeyQuota(change, key.account, key.region, context.quotas)
    await change.insertKey(key, materials)
    noteNewBackingKey(additionalEventData, key)
    return { KeyMetadata: keyMetadata(key, call.time) }
  },
})
