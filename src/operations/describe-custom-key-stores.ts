import { defineUnsupported } from '../pipeline/operation.ts'

export const DescribeCustomKeyStores = defineUnsupported('DescribeCustomKeyStores')
