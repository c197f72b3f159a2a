import { defineUnsupported } from '../pipeline/operation.ts'

export const GetKeyRotationStatus = defineUnsupported('GetKeyRotationStatus')
