/** Tags on the wire. */
import { list, string, structure } from '../../base/schema.ts'
import type { Tag } from '../../domain/keys/key.ts'
import type { ConditionValues } from '../../domain/policy/condition-values.ts'

export interface WireTag {
  readonly TagKey: string
  readonly TagValue: string
}

export const tagKey = string({ min: 1, max: 128 })
export const tags = list(structure({ TagKey: tagKey, TagValue: string({ min: 0, max: 256 }) }))

export function toTags(wire: readonly WireTag[]): Tag[] {
  return wire.map(({ TagKey, TagValue }) => ({ key: TagKey, value: TagValue }))
}

export function toWireTags(tags: readonly Tag[]): WireTag[] {
  return tags.map(({ key, value }) => ({ TagKey: key, TagValue: value }))
}

/** As audit records show them. */
export function auditedTags(wire: readonly WireTag[] | undefined) {
  return wire?.map(({ TagKey, TagValue }) => ({ tagKey: TagKey, tagValue: TagValue }))
}

/** `aws:RequestTag/…` and `aws:TagKeys` (authorization.md 3.2). */
export function requestTagConditions(wire: readonly WireTag[] | undefined): ConditionValues {
  if (wire === undefined || wire.length === 0) return {}
  const conditions: Record<string, string | readonly string[]> = { 'aws:TagKeys': wire.map(({ TagKey }) => TagKey) }
  for (const { TagKey, TagValue } of wire) conditions[`aws:RequestTag/${TagKey}`] = TagValue
  return conditions
}
