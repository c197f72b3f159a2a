/** `keyhold account create`: one more account, which sees nothing of the others. */
import { flag } from '../config/command-flags.ts'
import { accountId, type Kind } from '../config/kinds.ts'
import { OperatorError } from '../config/operator-error.ts'
import { createRandomSource } from '../crypto/random.ts'
import { ACCOUNT_ALIAS, ACCOUNT_ALIAS_RULE } from '../domain/identity/entity-name.ts'
import { randomAccount } from '../domain/identity/identifiers.ts'
import { defineOperatorCommand } from './operator-command.ts'

/** Refused before the account is made: there is no way to take one back. */
const accountAlias: Kind<string> = {
  placeholder: 'NAME',
  expected: ACCOUNT_ALIAS_RULE,
  read: (text) => (ACCOUNT_ALIAS.test(text) ? text : undefined),
}

export const accountCreate = defineOperatorCommand({
  ofAccount: false,
  flags: {
    id: flag(accountId, 'Its 12 digits; a random number if not given.'),
    alias: flag(accountAlias, 'A name for it, of lower-case letters, digits and hyphens.'),
  },
  description: `
Makes an account and prints its id. It is empty: make its first user with

  keyhold user create NAME --account ID --policy AdministratorAccess --access-key`,
  async run({ operator, flags, terminal }) {
    const account = flags.id ?? randomAccount(createRandomSource())
    await operator.change(async (change, time) => {
      if (await change.hasAccount(account)) throw new OperatorError(`there is an account ${account} already`)
      if (flags.alias !== undefined && (await change.findAccountByAlias(flags.alias)) !== undefined) {
        throw new OperatorError(`there is an account with the alias ${flags.alias} already`)
      }
      await change.insertAccount(account, time)
      return {
        ...{ eventSource: 'iam.amazonaws.com', eventName: 'CreateAccount', account, region: 'us-east-1' },
        resources: [{ type: 'AWS::Account', arn: `arn:aws:iam::${account}:root` }],
      }
    })
    if (flags.alias !== undefined) await operator.iamOf(account, 'CreateAccountAlias', { AccountAlias: flags.alias })
    terminal.print(account)
  },
})
