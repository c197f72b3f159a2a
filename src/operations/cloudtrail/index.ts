/** All operations of CloudTrail, by the name that a request gives. */
import type { Operation } from '../../pipeline/operation.ts'
import { LookupEvents } from './lookup-events.ts'

/** One line per operation, sorted. */
export const CLOUDTRAIL_OPERATIONS: readonly Operation[] = [LookupEvents]
