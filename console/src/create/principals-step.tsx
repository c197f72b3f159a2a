import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import type { ListedPrincipal } from '../aws/list-principals.ts'
import type { Loaded } from '../aws/use-loaded.ts'
import { PrincipalsField } from './principals-field.tsx'

interface Props {
  readonly title: string
  readonly description: string
  readonly listed: Loaded<readonly ListedPrincipal[]>
  /** ARNs. */
  readonly chosen: readonly string[]
  /** Below the fields. */
  readonly children?: ReactNode
  onChange(arns: readonly string[]): void
}

/** The administrators of a key, or its users. */
export function PrincipalsStep({ title, description, listed, chosen, children, onChange }: Props) {
  return (
    <Container
      header={
        <Header variant="h2" description={description}>
          {title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <PrincipalsField label={title} listed={listed} chosen={chosen} onChange={onChange} />
        {children}
      </SpaceBetween>
    </Container>
  )
}
