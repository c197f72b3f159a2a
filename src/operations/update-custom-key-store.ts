import { defineUnsupported } from '../pipeline/operation.ts'

export const UpdateCustomKeyStore = defineUnsupported('UpdateCustomKeyStore')
