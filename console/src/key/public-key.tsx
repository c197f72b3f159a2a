import { GetPublicKeyCommand } from '@aws-sdk/client-kms'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useLoaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { download } from '../shell/download.ts'
import { LoadedPart } from '../shell/loaded-part.tsx'
import type { TabProps } from './tab-props.ts'

export function PublicKey({ metadata: { KeyId } }: TabProps) {
  const { kms } = useSignedIn()
  const answer = useLoaded(() => kms.send(new GetPublicKeyCommand({ KeyId })), [kms, KeyId])
  const pem = answer.value === undefined ? undefined : pemOf(answer.value.PublicKey!)
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="What is verified or encrypted with a copy of it outside of KMS is neither authorized nor recorded."
          actions={
            pem && (
              <SpaceBetween direction="horizontal" size="xs">
                <CopyToClipboard
                  textToCopy={pem}
                  copyButtonText="Copy"
                  copySuccessText="Copied public key"
                  copyErrorText="Failed to copy public key"
                />
                <Button onClick={() => download(`${KeyId}.pem`, pem)}>Download</Button>
              </SpaceBetween>
            )
          }
        >
          Public key
        </Header>
      }
    >
      <LoadedPart loaded={answer} action="get the public key">
        {() => <pre className="document">{pem}</pre>}
      </LoadedPart>
    </Container>
  )
}

/** SubjectPublicKeyInfo in lines of 64 characters (RFC 7468). */
function pemOf(der: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...der))
  const lines = base64.match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`
}
