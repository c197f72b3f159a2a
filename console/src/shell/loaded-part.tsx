import Box from '@cloudscape-design/components/box'
import Spinner from '@cloudscape-design/components/spinner'
import type { ReactNode } from 'react'
import type { Loaded } from '../aws/use-loaded.ts'
import { FailureAlert } from './failure-alert.tsx'

interface Props<T> {
  readonly loaded: Loaded<T>
  /** As a verb: `view the key policy`. */
  readonly action: string
  children(value: T): ReactNode
}

/** A part of the page that waits for an answer, and says so if none or a refusal came. */
export function LoadedPart<T>({ loaded: { value, failure }, action, children }: Props<T>) {
  if (value !== undefined) return children(value)
  if (failure !== undefined) return <FailureAlert action={action} failure={failure} />
  return (
    <Box textAlign="center" padding="l">
      <Spinner />
    </Box>
  )
}
