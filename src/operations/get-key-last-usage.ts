import { defineUnsupported } from '../pipeline/operation.ts'

export const GetKeyLastUsage = defineUnsupported('GetKeyLastUsage')
