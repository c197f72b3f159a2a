import { defineUnsupported } from '../pipeline/operation.ts'

export const RotateKeyOnDemand = defineUnsupported('RotateKeyOnDemand')
