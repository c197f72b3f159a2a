/** `keyhold session revoke ACCESS-KEY-ID`: temporary credentials that fell into wrong hands (authorization.md 6.7). */
import { SESSION_REVOCATION_MS } from '../base/limits.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { accountOfAccessKeyId } from '../domain/identity/identifiers.ts'
import { defineOperatorCommand, type Operator } from './operator-command.ts'

export const sessionRevoke = defineOperatorCommand({
  args: ['ACCESS-KEY-ID'],
  description: `
Ends one session before its time: its temporary credentials (ASIA...) become unknown on all nodes. For good:
the entry goes after 36 hours, when no session of now can be left. Sessions that it made by assuming roles
are sessions of their own; the audit log has their access key ids.

A user's own access key (AKIA...) is a matter of 'keyhold access-key disable'.`,
  async run({ operator, args: [accessKeyId], terminal }) {
    const account = await accountOf(operator, accessKeyId!)
    if (await operator.store.isSessionRevoked(accessKeyId!)) {
      terminal.print(`${accessKeyId} was revoked before`)
      return
    }
    await operator.change(async (change, revokedAt) => {
      const expiresAt = revokedAt + SESSION_REVOCATION_MS
      await change.revokeSession({ accessKeyId: accessKeyId!, account, revokedAt, expiresAt })
      return {
        ...{ eventSource: 'sts.amazonaws.com', eventName: 'RevokeSession', account, region: 'us-east-1' },
        resources: [],
        details: { accessKeyId: accessKeyId!, expires: new Date(expiresAt).toISOString() },
      }
    })
  },
})

/** Nothing is kept of sessions, so that there was such a one cannot be looked up; a slip shows in the account as a rule. */
async function accountOf({ store, wantedAccount, folder }: Operator, accessKeyId: string): Promise<string> {
  const account = accountOfAccessKeyId(accessKeyId)
  if (account === undefined || !accessKeyId.startsWith('ASIA')) {
    const hint = accessKeyId.startsWith('AKIA')
      ? "it belongs to a user or to root: 'keyhold access-key disable' makes it unusable"
      : 'it begins with ASIA and has 20 characters'
    throw new UsageError(`expected the access key id of temporary credentials, got '${accessKeyId}'`, { hint })
  }
  const isHere = await store.hasAccount(account)
  if (isHere && (wantedAccount === undefined || wantedAccount === account)) return account
  throw new OperatorError(
    `${accessKeyId} is of account ${account}${isHere ? '' : `, which is not in ${folder.path}`}`,
    { hint: 'is the id complete and unchanged?' },
  )
}
