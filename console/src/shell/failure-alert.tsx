import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type Failure, isRefusal } from '../aws/failure.ts'

interface Props {
  /** What was tried, as a verb: `disable this key`. */
  readonly action: string
  readonly failure: Failure
  onDismiss?(): void
}

export function FailureAlert({ action, failure, onDismiss }: Props) {
  return (
    <Alert
      type="error"
      header={failureHeader(action, failure)}
      dismissible={onDismiss !== undefined}
      dismissAriaLabel="Close"
      onDismiss={onDismiss}
    >
      <FailureText failure={failure} />
    </Alert>
  )
}

export function failureHeader(action: string, failure: Failure): string {
  return isRefusal(failure) ? `You are not authorized to ${action}` : `Failed to ${action}`
}

/** Everything the service said: people paste it into a search or a ticket, and the request id finds the call in the audit log. */
export function FailureText({ failure: { code, message, requestId } }: { readonly failure: Failure }) {
  return (
    <SpaceBetween size="xxs">
      <span className="identifier">
        <strong>{code}</strong>: {message}
      </span>
      {requestId && (
        <Box fontSize="body-s" color="inherit">
          <span className="identifier">Request ID: {requestId}</span>
        </Box>
      )}
    </SpaceBetween>
  )
}
