/** `keyhold session list`: sessions that were revoked and might otherwise still be valid. */
import { instantText, systemClock } from '../base/clock.ts'
import { defineOperatorCommand } from './operator-command.ts'
import { printTable } from './terminal.ts'

const SESSIONS_PER_PAGE = 1_000

export const sessionList = defineOperatorCommand({
  description: `
Prints the sessions that were revoked, one a line: access key id, account, since when, and when the entry
goes because the session has ended by itself. Of all accounts, unless --account names one. Sessions that
were not revoked are kept nowhere but in their tokens, so there is no list of them.`,
  async run({ operator: { store, wantedAccount }, terminal }) {
    const now = systemClock.now()
    for (let after: string | undefined; ; ) {
      const page = await store.listRevokedSessions({ after, limit: SESSIONS_PER_PAGE }, now)
      const shown = page.filter(({ account }) => wantedAccount === undefined || account === wantedAccount)
      printTable(
        terminal,
        shown.map(({ accessKeyId, account, revokedAt, expiresAt }) => [
          accessKeyId,
          account,
          `revoked ${instantText(revokedAt)}`,
          `until ${instantText(expiresAt)}`,
        ]),
      )
      if (page.length < SESSIONS_PER_PAGE) return
      after = page.at(-1)!.accessKeyId
    }
  },
})
