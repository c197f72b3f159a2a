import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Form from '@cloudscape-design/components/form'
import Modal, { type ModalProps } from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type FormEvent, type ReactNode, useState } from 'react'
import { type Failure, failureOf } from '../aws/failure.ts'
import { FailureAlert } from './failure-alert.tsx'

interface Props {
  readonly title: string
  /** As a verb, for the text of a failure: `disable this key`. */
  readonly action: string
  /** On the button. */
  readonly confirm: string
  /** Whether everything needed has been given; `true` if absent. */
  readonly isReady?: boolean
  readonly size?: ModalProps.Size
  readonly children: ReactNode
  /** Closes the dialog if it resolves; a failure is shown in it, and what was typed stays. */
  onConfirm(): Promise<unknown>
  onClose(): void
}

/** Asks before something is done, does it, and says what came of it. */
export function ActionDialog({ title, action, confirm, isReady = true, size, children, onConfirm, onClose }: Props) {
  const [isRunning, setIsRunning] = useState(false)
  const [failure, setFailure] = useState<Failure>()

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!isReady || isRunning) return
    setIsRunning(true)
    setFailure(undefined)
    try {
      await onConfirm()
      onClose()
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setIsRunning(false)
    }
  }

  return (
    <Modal visible header={title} size={size ?? 'medium'} closeAriaLabel="Close" onDismiss={onClose}>
      <form onSubmit={submit} noValidate>
        <Form>
          <SpaceBetween size="l">
            {children}
            {failure && <FailureAlert action={action} failure={failure} />}
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button formAction="none" variant="link" onClick={onClose}>
                  Cancel
                </Button>
                <Button formAction="submit" variant="primary" disabled={!isReady} loading={isRunning}>
                  {confirm}
                </Button>
              </SpaceBetween>
            </Box>
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  )
}
