import { DescribeKeyCommand, type KeyMetadata } from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { allAliases, shortAlias } from '../aws/all-keys.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { dayText } from '../keys/words.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { LoadedPart } from '../shell/loaded-part.tsx'
import { GeneralConfiguration } from './general-configuration.tsx'
import { KeyActions } from './key-actions.tsx'
import { KeyTabs } from './key-tabs.tsx'

interface Props {
  readonly keyId: string
  readonly tab: string | undefined
}

export default function KeyPage({ keyId, tab }: Props) {
  const { kms } = useSignedIn()
  const described = useLoaded(() => kms.send(new DescribeKeyCommand({ KeyId: keyId })), [kms, keyId])
  // Somebody who may not list aliases still sees the key.
  const aliases = useLoaded(() => allAliases(kms, keyId).catch(() => []), [kms, keyId])
  const names = (aliases.value ?? []).map(({ AliasName }) => shortAlias(AliasName!))
  const reload = () => {
    described.reload()
    aliases.reload()
  }
  return (
    <LoadedPart loaded={described} action={`view key ${keyId}`}>
      {({ KeyMetadata }) => {
        const metadata = KeyMetadata!
        const name = names[0] ?? metadata.KeyId!
        return (
          <ContentLayout
            header={
              <Header
                variant="h1"
                actions={
                  metadata.KeyManager === 'CUSTOMER' && <KeyActions keys={[{ metadata, name }]} onDone={reload} />
                }
              >
                <span className="identifier">{name}</span>
              </Header>
            }
          >
            <SpaceBetween size="l">
              <StateNotice metadata={metadata} />
              <GeneralConfiguration key={`${metadata.KeyState}`} metadata={metadata} aliases={names} />
              <KeyTabs metadata={metadata} tab={tab} onChange={reload} />
            </SpaceBetween>
          </ContentLayout>
        )
      }}
    </LoadedPart>
  )
}

/** Why the key cannot be used, where it cannot. */
function StateNotice({
  metadata: { KeyState, DeletionDate, PendingDeletionWindowInDays, CustomKeyStoreId },
}: {
  readonly metadata: KeyMetadata
}) {
  switch (KeyState) {
    case 'PendingDeletion':
      return (
        <Alert type="warning" header={`This key will be deleted on ${dayText(DeletionDate)}`}>
          It cannot be used any more. Until that day you can cancel the deletion with Key actions.
        </Alert>
      )
    case 'PendingReplicaDeletion':
      return (
        <Alert type="warning" header="This key waits for the deletion of its replicas">
          {`It will be deleted ${PendingDeletionWindowInDays} days after the last of them. It cannot be used any more.`}
        </Alert>
      )
    case 'PendingImport':
      return (
        <Alert type="info" header="This key has no key material">
          <Box color="inherit">Import key material in the tab "Key material and rotations" before you use the key.</Box>
        </Alert>
      )
    case 'Unavailable':
      return (
        <Alert type="warning" header="This key cannot be used now">
          {`Its custom key store ${CustomKeyStoreId} is not connected.`}
        </Alert>
      )
    default:
      return undefined
  }
}
