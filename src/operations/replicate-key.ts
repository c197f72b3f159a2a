/** Makes a replica of a multi-Region primary key in another Region (operations.md 3.41, lifecycle.md 6.1). */
import type { AuditFields } from '../audit/audit-record.ts'
import { boolean, type Infer, optional, structure } from '../base/schema.ts'
import type { Key } from '../domain/keys/key.ts'
import { checkReplicaRegion, replicate } from '../domain/keys/replication.ts'
import { checkTags } from '../domain/keys/tags.ts'
import { shownKeyPolicy, writtenKeyPolicy } from '../domain/keys/written-policy.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import { defaultKeyPolicy } from '../domain/policy/key-policy.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import {
  auditedKeyMetadata,
  auditedReplicaMetadata,
  creatingMetadata,
  type KeyMetadata,
} from './shapes/key-metadata.ts'
import { ENABLED } from './shapes/key-states.ts'
import { description, keyId, policyText, region } from './shapes/members.ts'
import { newKeyConditions } from './shapes/new-key-conditions.ts'
import { auditedTags, tags, toTags, toWireTags, type WireTag } from './shapes/tags.ts'

const input = structure({
  KeyId: keyId,
  ReplicaRegion: region,
  Policy: optional(policyText),
  BypassPolicyLockoutSafetyCheck: optional(boolean()),
  Description: optional(description),
  Tags: optional(tags),
})

type Input = Infer<typeof input>

interface Output {
  readonly ReplicaKeyMetadata: KeyMetadata
  readonly ReplicaPolicy: string
  readonly ReplicaTags?: readonly WireTag[]
}

/** The replica is made as CreateKey would make it in its Region; what it has from the primary counts as asked for. */
function conditionsOf(input: Input, [primary]: readonly (Key | undefined)[]): ConditionValues {
  return primary === undefined ? {} : newKeyConditions({ ...primary, multiRegionKeyType: 'REPLICA' }, input)
}

/** CreateKey's record in the replica's Region (audit.md AU-7). */
function creationRecord(input: Input, { ReplicaKeyMetadata: metadata }: Output) {
  const { KeyUsage, KeySpec, Origin, Arn } = metadata
  return {
    eventName: 'CreateKey',
    region: input.ReplicaRegion,
    parameters: {
      description: input.Description ?? '',
      keyUsage: KeyUsage,
      keySpec: KeySpec,
      customerMasterKeySpec: KeySpec,
      origin: Origin,
      multiRegion: true,
      ...choicesRecorded(input),
    },
    response: { keyMetadata: auditedKeyMetadata(metadata) },
    keyArn: Arn,
  }
}

function choicesRecorded({ Policy, BypassPolicyLockoutSafetyCheck = false, Tags }: Input): AuditFields {
  return {
    policy: Policy,
    bypassPolicyLockoutSafetyCheck: BypassPolicyLockoutSafetyCheck,
    tags: auditedTags(Tags),
  }
}

export const ReplicateKey = defineChange({
  name: 'ReplicateKey',
  input,
  check({ Tags = [] }) {
    checkTags(toTags(Tags))
  },
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:ReplicateKey',
      primaryOnly: 'UnsupportedOperationException',
      keyStates: ENABLED,
      conditionKeys: ({ ReplicaRegion }) => ({ 'kms:ReplicaRegion': ReplicaRegion }),
    },
    {
      on: 'account',
      permission: 'kms:CreateKey',
      isAboutKeys: true,
      region: ({ ReplicaRegion }) => ReplicaRegion,
      conditionKeys: conditionsOf,
    },
    {
      on: 'account',
      permission: 'kms:TagResource',
      isAboutKeys: true,
      region: ({ ReplicaRegion }) => ReplicaRegion,
      applies: ({ Tags }) => Tags !== undefined && Tags.length > 0,
      conditionKeys: conditionsOf,
    },
  ],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      keyId: input.KeyId,
      replicaRegion: input.ReplicaRegion,
      description: input.Description ?? '',
      ...choicesRecorded(input),
    }),
    response: ({ ReplicaKeyMetadata, ReplicaPolicy }: Output) => ({
      replicaKeyMetadata: auditedReplicaMetadata(ReplicaKeyMetadata),
      replicaPolicy: ReplicaPolicy,
    }),
    elsewhere: creationRecord,
  },
  async handler(input, context): Promise<Output> {
    const { call, change, identity, recordEvent, refuseLockout, noteNewPolicy } = context
    const [{ key: primary }] = context.resources
    const { ReplicaRegion: region, Policy, BypassPolicyLockoutSafetyCheck = false, Tags = [] } = input
    checkReplicaRegion(primary, region)
    const choices = {
      region,
      description: input.Description ?? '',
      createdAt: call.time,
      tags: toTags(Tags),
      policy:
        Policy === undefined
          ? defaultKeyPolicy(primary.account, region)
          : await writtenKeyPolicy(Policy, change, identity.externalAccounts),
    }
    const { replica, events } = await replicate(change, primary, choices, context.quotas)
    if (Policy !== undefined && !BypassPolicyLockoutSafetyCheck) await refuseLockout(replica)
    if (Policy !== undefined) noteNewPolicy(replica)
    for (const event of events) recordEvent(event)
    return {
      ReplicaKeyMetadata: creatingMetadata(replica, primary, call.time),
      ReplicaPolicy: await shownKeyPolicy(replica, change),
      ...(Tags.length > 0 && { ReplicaTags: toWireTags(replica.tags) }),
    }
  },
})
