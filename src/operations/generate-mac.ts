import { defineUnsupported } from '../pipeline/operation.ts'

export const GenerateMac = defineUnsupported('GenerateMac')
