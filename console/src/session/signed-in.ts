/** What every page knows of the person in front of it. */
import type { KMSClient } from '@aws-sdk/client-kms'
import { createContext, use } from 'react'
import type { Session } from './session.ts'

export interface SignedIn {
  readonly session: Session
  /** Signs with the session's credentials, for its Region. */
  readonly kms: KMSClient
  readonly account: string
  readonly arn: string
  readonly region: string
  /** @param path of the page to show there; the list of keys if absent. */
  changeRegion(region: string, path?: string): void
  signOut(): void
}

export const SignedInContext = createContext<SignedIn | undefined>(undefined)

export function useSignedIn(): SignedIn {
  const signedIn = use(SignedInContext)
  if (signedIn === undefined) throw new Error('used outside of the signed-in part')
  return signedIn
}
