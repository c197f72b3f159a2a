import { defineUnsupported } from '../pipeline/operation.ts'

export const ImportKeyMaterial = defineUnsupported('ImportKeyMaterial')
