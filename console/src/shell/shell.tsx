import AppLayout from '@cloudscape-design/components/app-layout'
import Box from '@cloudscape-design/components/box'
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group'
import Link from '@cloudscape-design/components/link'
import SideNavigation from '@cloudscape-design/components/side-navigation'
import Spinner from '@cloudscape-design/components/spinner'
import { lazy, Suspense, useEffect, useState } from 'react'
import { AwsKeysPage } from '../keys/aws-keys-page.tsx'
import { CustomerKeysPage } from '../keys/customer-keys-page.tsx'
import { NoticeBar, NoticesProvider } from './notices.tsx'
import { PageBoundary } from './page-boundary.tsx'
import { hrefOf, PATHS, type Route, routeOf, usePath } from './routes.ts'
import { TopBar } from './top-bar.tsx'

const KeyPage = lazy(() => import('../key/key-page.tsx'))
const CreateKeyPage = lazy(() => import('../create/create-key-page.tsx'))

const SERVICE = 'Key Management Service (KMS)'
const NARROW = '(max-width: 688px)'

export default function Shell() {
  const route = routeOf(usePath())
  const title = crumbsOf(route).at(-1)!.text
  useEffect(() => {
    document.title = `${title} | Keyhold`
  }, [title])
  const [isNavigationOpen, setIsNavigationOpen] = useState(!matchMedia(NARROW).matches)
  return (
    <NoticesProvider>
      <div id="top-navigation">
        <TopBar />
      </div>
      <AppLayout
        headerSelector="#top-navigation"
        toolsHide
        navigation={<Navigation route={route} />}
        navigationOpen={isNavigationOpen}
        onNavigationChange={({ detail }) => setIsNavigationOpen(detail.open)}
        breadcrumbs={<BreadcrumbGroup items={crumbsOf(route)} ariaLabel="Breadcrumbs" />}
        notifications={<NoticeBar />}
        stickyNotifications
        contentType={route.page === 'create-key' ? 'wizard' : route.page === 'key' ? 'default' : 'table'}
        content={
          <Suspense fallback={<Waiting />}>
            <PageBoundary key={title}>
              <Page route={route} />
            </PageBoundary>
          </Suspense>
        }
      />
    </NoticesProvider>
  )
}

function Waiting() {
  return (
    <Box textAlign="center" padding="xxl">
      <Spinner size="large" />
    </Box>
  )
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case 'customer-keys':
      return <CustomerKeysPage />
    case 'aws-keys':
      return <AwsKeysPage />
    case 'create-key':
      return <CreateKeyPage />
    case 'key':
      return <KeyPage key={route.keyId} keyId={route.keyId} tab={route.tab} />
    default:
      return (
        <Box textAlign="center" padding="xxl">
          There is no such page. <Link href={hrefOf(PATHS.customerKeys)}>Customer managed keys</Link>
        </Box>
      )
  }
}

function Navigation({ route }: { readonly route: Route }) {
  const active = route.page === 'aws-keys' ? PATHS.awsKeys : PATHS.customerKeys
  return (
    <SideNavigation
      header={{ text: SERVICE, href: hrefOf(PATHS.customerKeys) }}
      activeHref={hrefOf(active)}
      items={[
        { type: 'link', text: 'AWS managed keys', href: hrefOf(PATHS.awsKeys) },
        { type: 'link', text: 'Customer managed keys', href: hrefOf(PATHS.customerKeys) },
      ]}
    />
  )
}

function crumbsOf(route: Route): { text: string; href: string }[] {
  const service = { text: 'KMS', href: hrefOf(PATHS.customerKeys) }
  const customer = { text: 'Customer managed keys', href: hrefOf(PATHS.customerKeys) }
  switch (route.page) {
    case 'aws-keys':
      return [service, { text: 'AWS managed keys', href: hrefOf(PATHS.awsKeys) }]
    case 'create-key':
      return [service, customer, { text: 'Create key', href: hrefOf(PATHS.createKey) }]
    case 'key':
      return [service, customer, { text: `Key ID: ${route.keyId}`, href: hrefOf(PATHS.key(route.keyId)) }]
    default:
      return [service, customer]
  }
}
