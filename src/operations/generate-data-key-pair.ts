import { defineUnsupported } from '../pipeline/operation.ts'

export const GenerateDataKeyPair = defineUnsupported('GenerateDataKeyPair')
