import { defineUnsupported } from '../pipeline/operation.ts'

export const GetPublicKey = defineUnsupported('GetPublicKey')
