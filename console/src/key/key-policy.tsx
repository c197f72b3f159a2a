import { GetKeyPolicyCommand, type KeyMetadata } from '@aws-sdk/client-kms'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import { useLoaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { FailureAlert } from '../shell/failure-alert.tsx'

export function KeyPolicy({ metadata }: { readonly metadata: KeyMetadata }) {
  const { kms } = useSignedIn()
  const policy = useLoaded(() => kms.send(new GetKeyPolicyCommand({ KeyId: metadata.KeyId })), [kms, metadata.KeyId])
  return (
    <Container header={<Header variant="h2">Key policy</Header>}>
      {policy.failure && <FailureAlert action="view the key policy" failure={policy.failure} />}
      {policy.value && <pre className="document">{policy.value.Policy}</pre>}
    </Container>
  )
}
