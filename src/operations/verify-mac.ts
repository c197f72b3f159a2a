import { defineUnsupported } from '../pipeline/operation.ts'

export const VerifyMac = defineUnsupported('VerifyMac')
