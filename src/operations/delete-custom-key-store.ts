import { defineUnsupported } from '../pipeline/operation.ts'

export const DeleteCustomKeyStore = defineUnsupported('DeleteCustomKeyStore')
