import { defineUnsupported } from '../pipeline/operation.ts'

export const CreateGrant = defineUnsupported('CreateGrant')
