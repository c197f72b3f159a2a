import { defineUnsupported } from '../pipeline/operation.ts'

export const ConnectCustomKeyStore = defineUnsupported('ConnectCustomKeyStore')
