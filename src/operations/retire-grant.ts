import { defineUnsupported } from '../pipeline/operation.ts'

export const RetireGrant = defineUnsupported('RetireGrant')
