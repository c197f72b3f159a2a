import type { KeyMetadata } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import { placeOf } from '../../session/regions.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { PATHS } from '../../shell/routes.ts'
import type { TabProps } from '../tab-props.ts'
import { ChangePrimaryDialog } from './change-primary-dialog.tsx'
import { CreateReplicaDialog } from './create-replica-dialog.tsx'

interface Member {
  readonly region: string
  readonly arn: string
  readonly isPrimary: boolean
}

function membersOf({ MultiRegionConfiguration }: KeyMetadata): readonly Member[] {
  const { PrimaryKey: primary, ReplicaKeys: replicas = [] } = MultiRegionConfiguration ?? {}
  return [
    ...(primary === undefined ? [] : [{ region: primary.Region!, arn: primary.Arn!, isPrimary: true }]),
    ...replicas.map(({ Region, Arn }) => ({ region: Region!, arn: Arn!, isPrimary: false })),
  ]
}

export default function Regionality({ metadata, onChange }: TabProps) {
  const { region, changeRegion } = useSignedIn()
  const [dialog, setDialog] = useState<'replicate' | 'primary'>()
  const members = membersOf(metadata)
  const primary = members.find(({ isPrimary }) => isPrimary)
  const isPrimary = primary?.region === region
  const notHere = isPrimary ? undefined : `The primary key in ${primary?.region} does that.`
  const regions = members.map((member) => member.region)
  const shared = { metadata, regions, onDone: onChange, onClose: () => setDialog(undefined) }
  return (
    <>
      <Table
        header={
          <Header
            variant="h2"
            counter={`(${members.length})`}
            description="The same key in several Regions: what is encrypted in one is decrypted in another."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  disabled={!isPrimary || members.length < 2}
                  disabledReason={notHere ?? 'There is no replica yet.'}
                  onClick={() => setDialog('primary')}
                >
                  Change primary Region
                </Button>
                <Button disabled={!isPrimary} disabledReason={notHere} onClick={() => setDialog('replicate')}>
                  Create new replica keys
                </Button>
              </SpaceBetween>
            }
          >
            Related multi-Region keys
          </Header>
        }
        ariaLabels={{ tableLabel: 'Related multi-Region keys' }}
        items={members}
        trackBy="region"
        wrapLines
        columnDefinitions={[
          {
            id: 'region',
            header: 'Region',
            isRowHeader: true,
            cell: (member) =>
              member.region === region ? (
                <Box variant="strong">{`${member.region} (this page)`}</Box>
              ) : (
                <Button
                  variant="inline-link"
                  onClick={() => changeRegion(member.region, PATHS.key(metadata.KeyId!, 'regionality'))}
                >
                  {member.region}
                </Button>
              ),
          },
          { id: 'place', header: 'Name', cell: (member) => placeOf(member.region) },
          { id: 'type', header: 'Regionality', cell: (member) => (member.isPrimary ? 'Primary' : 'Replica') },
          { id: 'arn', header: 'ARN', minWidth: 240, cell: ({ arn }) => <span className="identifier">{arn}</span> },
        ]}
      />
      {dialog === 'replicate' && <CreateReplicaDialog {...shared} />}
      {dialog === 'primary' && <ChangePrimaryDialog {...shared} />}
    </>
  )
}
