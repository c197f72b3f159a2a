import { defineUnsupported } from '../pipeline/operation.ts'

export const GenerateDataKeyPairWithoutPlaintext = defineUnsupported('GenerateDataKeyPairWithoutPlaintext')
