/** Users and roles of the account. Its client is loaded only where they are chosen from. */
import type { IAMClient } from '@aws-sdk/client-iam'
import type { Session } from '../session/session.ts'
import { clientSettings } from './clients.ts'

export interface ListedPrincipal {
  readonly arn: string
  readonly name: string
  readonly kind: 'User' | 'Role'
}

/** Of each kind; others are entered by their ARN. */
const LISTED_MAX = 1_000
const PER_PAGE = 200

export async function listPrincipals(session: Session): Promise<readonly ListedPrincipal[]> {
  const { IAMClient, ListRolesCommand, ListUsersCommand } = await import('@aws-sdk/client-iam')
  const iam: IAMClient = new IAMClient(clientSettings(session))
  const users = async (Marker?: string) => {
    const answer = await iam.send(new ListUsersCommand({ MaxItems: PER_PAGE, Marker }))
    const found = (answer.Users ?? []).map(({ Arn, UserName }) => ({
      arn: Arn!,
      name: UserName!,
      kind: 'User' as const,
    }))
    return { found, next: answer.Marker }
  }
  const roles = async (Marker?: string) => {
    const answer = await iam.send(new ListRolesCommand({ MaxItems: PER_PAGE, Marker }))
    const found = (answer.Roles ?? []).map(({ Arn, RoleName }) => ({
      arn: Arn!,
      name: RoleName!,
      kind: 'Role' as const,
    }))
    return { found, next: answer.Marker }
  }
  return (await Promise.all([whole(users), whole(roles)])).flat()
}

interface Page {
  readonly found: readonly ListedPrincipal[]
  readonly next: string | undefined
}

async function whole(page: (marker?: string) => Promise<Page>): Promise<readonly ListedPrincipal[]> {
  const all: ListedPrincipal[] = []
  let marker: string | undefined
  do {
    const { found, next } = await page(marker)
    all.push(...found)
    marker = next
  } while (marker !== undefined && all.length < LISTED_MAX)
  return all
}
