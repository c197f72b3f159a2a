import { defineUnsupported } from '../pipeline/operation.ts'

export const EnableKeyRotation = defineUnsupported('EnableKeyRotation')
