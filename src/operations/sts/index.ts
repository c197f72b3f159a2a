/** All operations of STS, by the name that a request gives. */
import type { Operation } from '../../pipeline/operation.ts'
import { AssumeRole } from './assume-role.ts'
import { AssumeRoleWithWebIdentity } from './assume-role-with-web-identity.ts'
import { GetAccessKeyInfo } from './get-access-key-info.ts'
import { GetCallerIdentity } from './get-caller-identity.ts'
import { GetFederationToken } from './get-federation-token.ts'
import { GetSessionToken } from './get-session-token.ts'

/** One line per operation, sorted. */
export const STS_OPERATIONS: readonly Operation[] = [
  AssumeRole,
  AssumeRoleWithWebIdentity,
  GetAccessKeyInfo,
  GetCallerIdentity,
  GetFederationToken,
  GetSessionToken,
]
