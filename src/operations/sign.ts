import { defineUnsupported } from '../pipeline/operation.ts'

export const Sign = defineUnsupported('Sign')
