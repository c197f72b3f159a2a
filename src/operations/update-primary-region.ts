import { defineUnsupported } from '../pipeline/operation.ts'

export const UpdatePrimaryRegion = defineUnsupported('UpdatePrimaryRegion')
