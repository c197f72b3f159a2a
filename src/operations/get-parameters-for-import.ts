import { defineUnsupported } from '../pipeline/operation.ts'

export const GetParametersForImport = defineUnsupported('GetParametersForImport')
