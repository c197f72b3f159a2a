import { defineUnsupported } from '../pipeline/operation.ts'

export const DeleteImportedKeyMaterial = defineUnsupported('DeleteImportedKeyMaterial')
