/** All operations of STS, by the name that a request gives. */
import type { Operation } from '../../pipeline/operation.ts'
import { GetCallerIdentity } from './get-caller-identity.ts'

/** One line per operation, sorted. */
export const STS_OPERATIONS: readonly Operation[] = [GetCallerIdentity]
