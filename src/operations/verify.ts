import { defineUnsupported } from '../pipeline/operation.ts'

export const Verify = defineUnsupported('Verify')
