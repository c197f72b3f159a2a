import { defineUnsupported } from '../pipeline/operation.ts'

export const RevokeGrant = defineUnsupported('RevokeGrant')
