import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Spinner from '@cloudscape-design/components/spinner'
import { allAliases, shortAlias } from '../aws/all-keys.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { FailureAlert } from '../shell/failure-alert.tsx'
import { GeneralConfiguration } from './general-configuration.tsx'
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
  const metadata = described.value?.KeyMetadata
  const names = (aliases.value ?? []).map(({ AliasName }) => shortAlias(AliasName!))
  const reload = () => {
    described.reload()
    aliases.reload()
  }
  if (metadata === undefined) {
    return described.failure ? (
      <FailureAlert action={`view key ${keyId}`} failure={described.failure} />
    ) : (
      <Box textAlign="center" padding="xxl">
        <Spinner size="large" />
      </Box>
    )
  }
  return (
    <ContentLayout
      header={
        <Header variant="h1">
          <span className="identifier">{names[0] ?? metadata.KeyId}</span>
        </Header>
      }
    >
      <SpaceBetween size="l">
        <GeneralConfiguration metadata={metadata} aliases={names} />
        <KeyTabs metadata={metadata} tab={tab} onChange={reload} />
      </SpaceBetween>
    </ContentLayout>
  )
}
