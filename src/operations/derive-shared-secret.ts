import { defineUnsupported } from '../pipeline/operation.ts'

export const DeriveSharedSecret = defineUnsupported('DeriveSharedSecret')
