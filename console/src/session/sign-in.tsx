import Autosuggest from '@cloudscape-design/components/autosuggest'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import Form from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type FormEvent, useState } from 'react'
import type { Failure } from '../aws/failure.ts'
import { FailureAlert } from '../shell/failure-alert.tsx'
import { DEFAULT_REGION, isRegionName, REGIONS } from './regions.ts'
import type { Session } from './session.ts'

interface Props {
  readonly isAsking: boolean
  readonly failure: Failure | undefined
  onSignIn(session: Session): void
}

const REGION_OPTIONS = REGIONS.map(({ name, place }) => ({ value: name, description: place }))

export function SignIn({ isAsking, failure, onSignIn }: Props) {
  const [accessKeyId, setAccessKeyId] = useState('')
  const [secretAccessKey, setSecretAccessKey] = useState('')
  const [sessionToken, setSessionToken] = useState('')
  const [region, setRegion] = useState(DEFAULT_REGION)
  const [isTried, setIsTried] = useState(false)
  const missing = (value: string, name: string) => (isTried && value.trim() === '' ? `Enter ${name}.` : undefined)
  const regionError = isTried && !isRegionName(region.trim()) ? 'Enter a Region name such as eu-central-1.' : undefined

  function submit(event: FormEvent): void {
    event.preventDefault()
    setIsTried(true)
    // Copied from a file they come with line ends.
    const given = { accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim(), region: region.trim() }
    if (given.accessKeyId === '' || given.secretAccessKey === '' || !isRegionName(given.region)) return
    onSignIn({ ...given, sessionToken: sessionToken.trim() || undefined })
  }

  return (
    <main className="sign-in">
      <SpaceBetween size="l">
        <Box textAlign="center" variant="h1" fontSize="display-l">
          Keyhold
        </Box>
        <form onSubmit={submit} noValidate>
          <Form
            actions={
              <Button variant="primary" formAction="submit" loading={isAsking} loadingText="Signing in">
                Sign in
              </Button>
            }
          >
            <Container header={<Header variant="h2">Sign in with an access key</Header>}>
              <SpaceBetween size="m">
                {failure && <FailureAlert action="sign in" failure={failure} />}
                <FormField label="Access key ID" errorText={missing(accessKeyId, 'an access key ID')}>
                  <Input
                    value={accessKeyId}
                    onChange={({ detail }) => setAccessKeyId(detail.value)}
                    autoComplete={false}
                    disableBrowserAutocorrect
                    spellcheck={false}
                    autoFocus
                  />
                </FormField>
                <FormField label="Secret access key" errorText={missing(secretAccessKey, 'a secret access key')}>
                  <Input
                    type="password"
                    value={secretAccessKey}
                    onChange={({ detail }) => setSecretAccessKey(detail.value)}
                    autoComplete={false}
                  />
                </FormField>
                <ExpandableSection headerText="Temporary credentials">
                  <FormField label="Session token" constraintText="Only access key IDs that begin with ASIA have one.">
                    <Input
                      type="password"
                      value={sessionToken}
                      onChange={({ detail }) => setSessionToken(detail.value)}
                      autoComplete={false}
                    />
                  </FormField>
                </ExpandableSection>
                <FormField label="Region" errorText={regionError}>
                  <Autosuggest
                    value={region}
                    options={REGION_OPTIONS}
                    onChange={({ detail }) => setRegion(detail.value)}
                    enteredTextLabel={(value) => `Use "${value}"`}
                    ariaLabel="Region"
                  />
                </FormField>
              </SpaceBetween>
            </Container>
          </Form>
        </form>
        <Box color="text-body-secondary" fontSize="body-s">
          The first start of a server writes the administrator's access key to the file <code>credentials</code> in its
          data folder. A development server takes any; try <code>test</code> and <code>test</code>. They stay in this
          browser tab, which signs every request with them, and are forgotten when you sign out or close it.
        </Box>
      </SpaceBetween>
    </main>
  )
}
