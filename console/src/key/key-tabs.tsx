import type { KeyMetadata } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import Spinner from '@cloudscape-design/components/spinner'
import Tabs from '@cloudscape-design/components/tabs'
import { type ComponentType, lazy, Suspense } from 'react'
import { isSymmetric } from '../keys/words.ts'
import { goTo, PATHS } from '../shell/routes.ts'
import { Aliases } from './aliases.tsx'
import { CryptographicConfiguration } from './cryptographic-configuration.tsx'
import { KeyPolicy } from './key-policy.tsx'
import { PublicKey } from './public-key.tsx'
import type { TabProps } from './tab-props.ts'
import { Tags } from './tags.tsx'

const KeyMaterialTab = lazy(() => import('./material/key-material-tab.tsx'))
const Grants = lazy(() => import('./grants/grants.tsx'))
const Regionality = lazy(() => import('./regions/regionality.tsx'))

interface Tab {
  readonly id: string
  readonly label: string
  readonly Content: ComponentType<TabProps>
  /** Whether a key has it; every key if absent. */
  has?(metadata: KeyMetadata): boolean
}

/** In AWS's order, by its names in addresses. */
const TABS: readonly Tab[] = [
  { id: 'keyPolicy', label: 'Key policy', Content: KeyPolicy },
  { id: 'technicalDetails', label: 'Cryptographic configuration', Content: CryptographicConfiguration },
  { id: 'tags', label: 'Tags', Content: Tags },
  {
    id: 'publicKey',
    label: 'Public key',
    Content: PublicKey,
    has: (metadata) => !isSymmetric(metadata) && metadata.KeyState !== 'PendingImport',
  },
  {
    id: 'rotation',
    label: 'Key material and rotations',
    Content: KeyMaterialTab,
    has: ({ KeySpec, Origin }) => Origin === 'EXTERNAL' || (Origin === 'AWS_KMS' && KeySpec === 'SYMMETRIC_DEFAULT'),
  },
  {
    id: 'regionality',
    label: 'Regionality',
    Content: Regionality,
    has: ({ MultiRegion }) => MultiRegion === true,
  },
  { id: 'aliases', label: 'Aliases', Content: Aliases },
  { id: 'grants', label: 'Grants', Content: Grants },
]

export function KeyTabs({ metadata, tab, onChange }: TabProps & { readonly tab: string | undefined }) {
  const tabs = TABS.filter(({ has }) => has === undefined || has(metadata))
  const active = tabs.find(({ id }) => id === tab) ?? tabs[0]!
  return (
    <Tabs
      tabs={tabs.map(({ id, label, Content }) => ({
        id,
        label,
        content: (
          <Suspense fallback={<Waiting />}>
            <Content metadata={metadata} onChange={onChange} />
          </Suspense>
        ),
      }))}
      activeTabId={active.id}
      ariaLabel="Sections of the key"
      onChange={({ detail }) => goTo(PATHS.key(metadata.KeyId!, detail.activeTabId))}
    />
  )
}

function Waiting() {
  return (
    <Box textAlign="center" padding="l">
      <Spinner />
    </Box>
  )
}
