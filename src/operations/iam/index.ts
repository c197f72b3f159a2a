/** All operations of IAM, by the name that a request gives. */
import type { Operation } from '../../pipeline/operation.ts'

/** One line per operation, sorted. */
export const IAM_OPERATIONS: readonly Operation[] = []
