/** `--user NAME`, `--role NAME` or `--group NAME`: whose policies a command is about. */
import { flag } from '../config/command-flags.ts'
import { text } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { awsManagedPolicy } from '../domain/identity/aws-managed-policies.ts'
import type { Operator } from './operator-command.ts'

export const OWNER_FLAGS = {
  user: flag(text('NAME'), 'A user.'),
  role: flag(text('NAME'), 'A role.'),
  group: flag(text('NAME'), 'A group.'),
} as const

export interface Owner {
  /** As in the names of operations. */
  readonly noun: 'User' | 'Role' | 'Group'
  readonly name: string
  /** The member of requests that names it. */
  readonly member: Readonly<Record<string, string>>
}

const NOUNS = { user: 'User', role: 'Role', group: 'Group' } as const

type OwnerFlags = { readonly [K in keyof typeof OWNER_FLAGS]: string | undefined }

/** @throws {UsageError} unless it is exactly one. */
export function ownerOf(flags: OwnerFlags): Owner {
  const owner = ownerIfAny(flags)
  if (owner === undefined) throw new UsageError('whose? name a --user, a --role or a --group')
  return owner
}

/** @throws {UsageError} if there are several. */
export function ownerIfAny(flags: OwnerFlags): Owner | undefined {
  const given = (['user', 'role', 'group'] as const).flatMap((kind) => {
    const name = flags[kind]
    return name === undefined ? [] : [{ noun: NOUNS[kind], name, member: { [`${NOUNS[kind]}Name`]: name } }]
  })
  if (given.length > 1) throw new UsageError('name one of --user, --role and --group')
  return given[0]
}

/** @param given an ARN, or the name of a policy of AWS or of the account. */
export async function policyArnOf(operator: Operator, given: string): Promise<string> {
  if (given.startsWith('arn:')) return given
  const ofAws = awsManagedPolicy(`arn:aws:iam::aws:policy/${given}`)
  if (ofAws !== undefined) return ofAws.arn
  const own = await operator.store.findManagedPolicyByName(await operator.account(), given)
  if (own !== undefined) return own.arn
  throw new UsageError(`there is no managed policy ${given}`, { hint: "'keyhold policy list' lists them" })
}
