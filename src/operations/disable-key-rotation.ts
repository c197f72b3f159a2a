import { defineUnsupported } from '../pipeline/operation.ts'

export const DisableKeyRotation = defineUnsupported('DisableKeyRotation')
