import { defineUnsupported } from '../pipeline/operation.ts'

export const ListKeyRotations = defineUnsupported('ListKeyRotations')
