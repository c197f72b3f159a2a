import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { type Failure, failureOf } from '../aws/failure.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { DocumentEditor, prettyJson } from '../shell/document-editor.tsx'
import { FailureAlert } from '../shell/failure-alert.tsx'
import { LoadedPart } from '../shell/loaded-part.tsx'
import { useNotices } from '../shell/notices.tsx'
import type { TabProps } from './tab-props.ts'

export function KeyPolicy({ metadata: { KeyId, KeyManager } }: TabProps) {
  const { kms } = useSignedIn()
  const policy = useLoaded(() => kms.send(new GetKeyPolicyCommand({ KeyId })), [kms, KeyId])
  const [isEditing, setIsEditing] = useState(false)
  const isOwn = KeyManager === 'CUSTOMER'
  const edit = (
    <Button disabled={policy.value === undefined} onClick={() => setIsEditing(true)}>
      Edit
    </Button>
  )
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={isOwn && !isEditing && edit}
          description="Who may use and manage the key. Identity policies count only where this policy lets the account decide."
        >
          Key policy
        </Header>
      }
    >
      <LoadedPart loaded={policy} action="view the key policy">
        {({ Policy = '' }) =>
          isEditing ? (
            <PolicyForm
              keyId={KeyId!}
              stored={prettyJson(Policy)}
              onClose={() => setIsEditing(false)}
              onSaved={policy.reload}
            />
          ) : (
            <pre className="document">{prettyJson(Policy)}</pre>
          )
        }
      </LoadedPart>
    </Container>
  )
}

interface FormProps {
  readonly keyId: string
  readonly stored: string
  onClose(): void
  onSaved(): void
}

function PolicyForm({ keyId, stored, onClose, onSaved }: FormProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const [text, setText] = useState(stored)
  const [failure, setFailure] = useState<Failure>()
  const [isSaving, setIsSaving] = useState(false)

  async function save(): Promise<void> {
    setIsSaving(true)
    setFailure(undefined)
    try {
      await kms.send(new PutKeyPolicyCommand({ KeyId: keyId, Policy: text }))
      notices.succeeded('The key policy is changed.')
      onSaved()
      onClose()
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setIsSaving(false)
    }
  }

  return (
    <SpaceBetween size="m">
      <DocumentEditor label="Policy" text={text} onChange={setText} />
      {failure && <FailureAlert action="change the key policy" failure={failure} />}
      <Box float="right">
        <SpaceBetween direction="horizontal" size="xs">
          <Button variant="link" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="primary" loading={isSaving} disabled={text === stored} onClick={save}>
            Save changes
          </Button>
        </SpaceBetween>
      </Box>
    </SpaceBetween>
  )
}
