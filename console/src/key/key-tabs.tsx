import type { KeyMetadata } from '@aws-sdk/client-kms'
import Tabs from '@cloudscape-design/components/tabs'
import { goTo, PATHS } from '../shell/routes.ts'
import { KeyPolicy } from './key-policy.tsx'

interface Props {
  readonly metadata: KeyMetadata
  readonly tab: string | undefined
  /** After something of the key was changed. */
  onChange(): void
}

export function KeyTabs({ metadata, tab }: Props) {
  const tabs = [{ id: 'keyPolicy', label: 'Key policy', content: <KeyPolicy metadata={metadata} /> }]
  const active = tabs.find(({ id }) => id === tab) ?? tabs[0]!
  return (
    <Tabs
      tabs={tabs}
      activeTabId={active.id}
      ariaLabel="Sections of the key"
      onChange={({ detail }) => goTo(PATHS.key(metadata.KeyId!, detail.activeTabId))}
    />
  )
}
