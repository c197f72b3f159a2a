/** The lockout safety check (authorization.md 1.7): whoever writes a key policy must be able to write the next one. */
import { KmsError } from '../base/errors.ts'
import type { Key } from '../domain/keys/key.ts'
import { canUpdatePolicyLater } from '../domain/policy/lockout.ts'
import type { Asked } from './asked.ts'
import { requestToUse } from './authorize-uses.ts'
import type { KeyUse } from './operation.ts'

/** What he would ask for then; the parameters of today's request are not part of it (L-2). */
const LATER: KeyUse<unknown> = {
  on: 'key',
  locate: () => undefined,
  permission: 'kms:PutKeyPolicy',
  keyStates: [],
}

/**
 * @param key with its new policy.
 * @throws {KmsError} V-4.
 */
export async function refuseLockout(asked: Asked, key: Key): Promise<void> {
  const { arn, account } = key
  const found = { arn, account, key }
  // Of a replica he would ask in its Region.
  const of = { ...asked.of, call: { ...asked.of.call, region: key.region } }
  const request = await requestToUse({ ...asked, of, located: [found] }, LATER, found)
  if (canUpdatePolicyLater(request)) return
  throw new KmsError(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  )
}
