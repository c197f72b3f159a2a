import Box from '@cloudscape-design/components/box'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { listAllKeys } from '../aws/all-keys.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { ALIASES, KEY_ID, STATUS } from './key-columns.tsx'
import { KeyTable } from './key-table.tsx'

const COLUMNS = [ALIASES, KEY_ID, STATUS]

export function AwsKeysPage() {
  const { kms, region } = useSignedIn()
  const lists = useLoaded(() => listAllKeys(kms), [kms])
  return (
    <KeyTable
      title="AWS managed keys"
      description={`KMS keys in ${region} that a service creates, manages and uses on your behalf. You can view them, not manage them.`}
      lists={lists}
      keysOf={({ awsManaged }) => awsManaged}
      columns={COLUMNS}
      empty={
        <SpaceBetween size="s" alignItems="center">
          <Box variant="strong">No AWS managed keys</Box>
          <Box color="text-body-secondary">The first use of an alias such as alias/aws/s3 makes one.</Box>
        </SpaceBetween>
      }
    />
  )
}
