import { defineUnsupported } from '../pipeline/operation.ts'

export const ListRetirableGrants = defineUnsupported('ListRetirableGrants')
