/** Regions to choose from. Keyhold serves any name of the right form, so another one may be typed. */
export const REGIONS: readonly { readonly name: string; readonly place: string }[] = [
  { name: 'us-east-1', place: 'US East (N. Virginia)' },
  { name: 'us-east-2', place: 'US East (Ohio)' },
  { name: 'us-west-1', place: 'US West (N. California)' },
  { name: 'us-west-2', place: 'US West (Oregon)' },
  { name: 'af-south-1', place: 'Africa (Cape Town)' },
  { name: 'ap-east-1', place: 'Asia Pacific (Hong Kong)' },
  { name: 'ap-northeast-1', place: 'Asia Pacific (Tokyo)' },
  { name: 'ap-northeast-2', place: 'Asia Pacific (Seoul)' },
  { name: 'ap-south-1', place: 'Asia Pacific (Mumbai)' },
  { name: 'ap-southeast-1', place: 'Asia Pacific (Singapore)' },
  { name: 'ap-southeast-2', place: 'Asia Pacific (Sydney)' },
  { name: 'ca-central-1', place: 'Canada (Central)' },
  { name: 'eu-central-1', place: 'Europe (Frankfurt)' },
  { name: 'eu-north-1', place: 'Europe (Stockholm)' },
  { name: 'eu-south-1', place: 'Europe (Milan)' },
  { name: 'eu-west-1', place: 'Europe (Ireland)' },
  { name: 'eu-west-2', place: 'Europe (London)' },
  { name: 'eu-west-3', place: 'Europe (Paris)' },
  { name: 'me-south-1', place: 'Middle East (Bahrain)' },
  { name: 'sa-east-1', place: 'South America (São Paulo)' },
]

export const DEFAULT_REGION = 'us-east-1'

/** As AWS's SDKs check it before they make a host name of it. */
export function isRegionName(text: string): boolean {
  return /^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(text)
}

export function placeOf(region: string): string {
  return REGIONS.find(({ name }) => name === region)?.place ?? region
}
