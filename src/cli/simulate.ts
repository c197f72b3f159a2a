/** `keyhold simulate`: would this call be allowed, and by what? */
import { systemClock } from '../base/clock.ts'
import { flag } from '../config/command-flags.ts'
import { closest } from '../config/did-you-mean.ts'
import { text, textPairs } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { dataFolder, requireDataFolder } from '../start/data-folder.ts'
import { defineCommand } from './command.ts'
import { askedOf, permissions, printOutcome, simulateOn } from './explained.ts'
import { EXIT_FAILED, EXIT_OK } from './terminal.ts'

export const simulate = defineCommand({
  settings: ['data', 'region', 'guardPolicy', 'xksProxy', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  meanings: { region: 'Region of the call, and of a key that is not named by its ARN.' },
  flags: {
    principal: flag(
      text('ARN'),
      'Who calls: a user, a role, a session of a role, the root of an account, or a service by its name.',
    ),
    via: flag(text('SERVICE'), 'The service that forwards the call, such as s3.amazonaws.com.'),
    action: flag(text('ACTION'), 'Permission that the call needs, such as kms:Decrypt.'),
    key: flag(text('KEY'), 'Key id, key ARN, alias name or alias ARN; none for actions that are on no key.'),
    context: flag(textPairs, 'Encryption context of the call.'),
    conditions: flag(textPairs, 'Further condition keys, such as aws:SourceIp=10.1.2.3.'),
  },
  description: `
Says whether the policies and grants of now would allow a call that nobody made, which statement decides,
and what would have to change. The server may be running. For example:

  keyhold simulate --principal arn:aws:iam::111122223333:user/alice --action kms:Decrypt \\
    --key alias/app --context tenant=t-17

Exits with 0 if the call would be allowed, with 1 if not.`,
  async run({ settings, flags, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireDataFolder(folder)
    const { principal, via, key, context, conditions } = flags
    if (principal === undefined) throw new UsageError('who calls? name the --principal')
    const action = actionOf(flags.action)
    checkResource(action, key)
    const asked = {
      principal,
      via,
      action,
      key,
      encryptionContext: context,
      conditions: conditions ?? {},
      region: settings.region,
      time: systemClock.now(),
      sourceIp: '127.0.0.1',
    }
    const outcome = await simulateOn(folder, asked, settings, terminal.env)
    printOutcome(terminal, outcome)
    if (askedOf(action).has('alias'))
      terminal.print(`The call needs ${action} on the alias too, from identity policies.`)
    return outcome.allowed ? EXIT_OK : EXIT_FAILED
  },
})

/** An answer for another resource than the one that a call would be judged on could be wrong. */
function checkResource(action: string, key: string | undefined): void {
  const kinds = askedOf(action)
  if (kinds.has('grant')) {
    throw new UsageError(
      `--action ${action}: who may is said by each grant, not by policies alone; ListGrants shows its parties`,
    )
  }
  if (kinds.has('entity')) {
    throw new UsageError(
      `--action ${action}: it is judged on the principal that is asked about; ask SimulatePrincipalPolicy`,
    )
  }
  if (key === undefined && !kinds.has('account')) throw new UsageError(`${action} is for a key: which --key?`)
  if (key !== undefined && !kinds.has('key')) throw new UsageError(`${action} is for no key: leave out --key`)
}

/** In its canonical spelling. */
function actionOf(given: string | undefined): string {
  if (given === undefined) throw new UsageError('which permission? name the --action')
  const known = permissions()
  const found = known.find((permission) => permission.toLowerCase() === given.toLowerCase())
  if (found !== undefined) return found
  const guess = closest(given, known)
  throw new UsageError(
    `--action ${given}: there is no such permission${guess === undefined ? '' : `; did you mean ${guess}?`}`,
  )
}
