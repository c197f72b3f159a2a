import { GetCallerIdentityCommand, type GetCallerIdentityCommandOutput } from '@aws-sdk/client-sts'
import Box from '@cloudscape-design/components/box'
import Spinner from '@cloudscape-design/components/spinner'
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { createKmsClient, createStsClient } from './aws/clients.ts'
import { type Failure, failureOf } from './aws/failure.ts'
import { forgetSession, loadSession, type Session, saveSession } from './session/session.ts'
import { SignIn } from './session/sign-in.tsx'
import { type SignedIn, SignedInContext } from './session/signed-in.ts'
import { goTo } from './shell/routes.ts'

/** Much larger than the form before it. */
const Shell = lazy(() => import('./shell/shell.tsx'))

/** Nobody is signed in until STS has said who it is. */
type State =
  | { readonly kind: 'nobody'; readonly failure?: Failure }
  | { readonly kind: 'asking' }
  | { readonly kind: 'signed-in'; readonly session: Session; readonly identity: GetCallerIdentityCommandOutput }

export function App() {
  const [state, setState] = useState<State>({ kind: 'asking' })

  const signIn = useCallback(async (session: Session) => {
    setState({ kind: 'asking' })
    try {
      const identity = await createStsClient(session).send(new GetCallerIdentityCommand())
      saveSession(session)
      setState({ kind: 'signed-in', session, identity })
    } catch (error) {
      forgetSession()
      setState({ kind: 'nobody', failure: failureOf(error) })
    }
  }, [])

  const signOut = useCallback(() => {
    forgetSession()
    goTo('')
    setState({ kind: 'nobody' })
  }, [])

  useEffect(() => {
    const kept = loadSession()
    if (kept === undefined) setState({ kind: 'nobody' })
    else void signIn(kept)
  }, [signIn])

  // The form stays while the server is asked, so that what was typed is still there when it says no.
  const form = state.kind !== 'signed-in'
  if (state.kind === 'asking' && loadSession() !== undefined) return <Waiting />
  if (form) {
    const failure = state.kind === 'nobody' ? state.failure : undefined
    return <SignIn isAsking={state.kind === 'asking'} failure={failure} onSignIn={signIn} />
  }
  return <Inside session={state.session} identity={state.identity} onRegion={signIn} onSignOut={signOut} />
}

function Waiting() {
  return (
    <Box textAlign="center" padding="xxxl">
      <Spinner size="large" />
    </Box>
  )
}

interface InsideProps {
  readonly session: Session
  readonly identity: GetCallerIdentityCommandOutput
  onRegion(session: Session): Promise<void>
  onSignOut(): void
}

function Inside({ session, identity, onRegion, onSignOut }: InsideProps) {
  const signedIn = useMemo(
    (): SignedIn => ({
      session,
      kms: createKmsClient(session),
      account: identity.Account!,
      arn: identity.Arn!,
      region: session.region,
      changeRegion(region, path = '') {
        saveSession({ ...session, region })
        goTo(path)
        void onRegion({ ...session, region })
      },
      signOut: onSignOut,
    }),
    [session, identity, onRegion, onSignOut],
  )
  return (
    <SignedInContext value={signedIn}>
      <Suspense fallback={<Waiting />}>
        <Shell key={session.region} />
      </Suspense>
    </SignedInContext>
  )
}
