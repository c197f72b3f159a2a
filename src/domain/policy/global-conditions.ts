/** Placeholder until the engine is in. */
import type { ConditionValues } from './access-request.ts'

export function globalConditions(_facts: object): ConditionValues {
  return {}
}
