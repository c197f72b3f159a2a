import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import { Component, type ReactNode } from 'react'

interface Props {
  readonly children: ReactNode
}

interface State {
  readonly error: unknown
}

/**
 * Where a page cannot be shown, the rest stays. The usual reason is a server that was upgraded meanwhile: it has other files
 * than this tab asks for, and a reload brings them.
 */
export class PageBoundary extends Component<Props, State> {
  override state: State = { error: undefined }

  static getDerivedStateFromError(error: unknown): State {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return (
      <Alert
        type="error"
        header="This page could not be shown"
        action={<Button onClick={() => location.reload()}>Reload</Button>}
      >
        {`The server may have been upgraded since this tab was opened. (${error instanceof Error ? error.message : error})`}
      </Alert>
    )
  }
}
