import { defineUnsupported } from '../pipeline/operation.ts'

export const ListGrants = defineUnsupported('ListGrants')
