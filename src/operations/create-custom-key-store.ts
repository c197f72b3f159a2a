import { defineUnsupported } from '../pipeline/operation.ts'

export const CreateCustomKeyStore = defineUnsupported('CreateCustomKeyStore')
