import { defineUnsupported } from '../pipeline/operation.ts'

export const ReplicateKey = defineUnsupported('ReplicateKey')
