import TopNavigation from '@cloudscape-design/components/top-navigation'
import { placeOf, REGIONS } from '../session/regions.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { hrefOf, PATHS } from './routes.ts'

export function TopBar() {
  const { account, arn, region, changeRegion, signOut } = useSignedIn()
  const others = REGIONS.filter(({ name }) => name !== region)
  const regions = [{ name: region, place: placeOf(region) }, ...others]
  return (
    <TopNavigation
      identity={{ href: hrefOf(PATHS.customerKeys), title: 'Keyhold' }}
      utilities={[
        {
          type: 'menu-dropdown',
          iconName: 'globe',
          text: region,
          ariaLabel: `Region: ${region}`,
          description: placeOf(region),
          items: regions.map(({ name, place }) => ({ id: name, text: place, secondaryText: name })),
          onItemClick: ({ detail }) => changeRegion(detail.id),
        },
        {
          type: 'menu-dropdown',
          iconName: 'user-profile',
          text: `${nameOf(arn)} @ ${account}`,
          ariaLabel: `Signed in as ${arn}`,
          description: arn,
          items: [{ id: 'sign-out', text: 'Sign out' }],
          onItemClick: signOut,
        },
      ]}
    />
  )
}

/** The last part: `alice` of `arn:aws:iam::111122223333:user/alice`. */
function nameOf(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1)
}
