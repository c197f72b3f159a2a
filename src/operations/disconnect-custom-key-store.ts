import { defineUnsupported } from '../pipeline/operation.ts'

export const DisconnectCustomKeyStore = defineUnsupported('DisconnectCustomKeyStore')
