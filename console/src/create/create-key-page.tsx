import Button from '@cloudscape-design/components/button'
import Checkbox from '@cloudscape-design/components/checkbox'
import Wizard, { type WizardProps } from '@cloudscape-design/components/wizard'
import { useState } from 'react'
import { type Failure, failureOf } from '../aws/failure.ts'
import { listPrincipals } from '../aws/list-principals.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { useNotices } from '../shell/notices.tsx'
import { goTo, hrefOf, PATHS } from '../shell/routes.ts'
import { ConfigureStep } from './configure-step.tsx'
import { type CreatedKey, createKey } from './create-key.ts'
import { NEW_KEY } from './key-draft.ts'
import { LabelsStep } from './labels-step.tsx'
import { policyOfDraft } from './policy-of-draft.ts'
import { PolicyStep } from './policy-step.tsx'
import { PrincipalsStep } from './principals-step.tsx'
import { ReviewStep } from './review-step.tsx'

const WORDS: WizardProps.I18nStrings = {
  stepNumberLabel: (number) => `Step ${number}`,
  collapsedStepsLabel: (number, count) => `Step ${number} of ${count}`,
  navigationAriaLabel: 'Steps',
  cancelButton: 'Cancel',
  previousButton: 'Previous',
  nextButton: 'Next',
  optional: 'optional',
}

/** Of the first step that has users and roles to choose from. */
const PRINCIPALS_STEP_INDEX = 2

export default function CreateKeyPage() {
  const { kms, session, account } = useSignedIn()
  const notices = useNotices()
  const [draft, setDraft] = useState(NEW_KEY)
  const [stepIndex, setStepIndex] = useState(0)
  const [failure, setFailure] = useState<Failure>()
  const [isCreating, setIsCreating] = useState(false)
  const [furthest, setFurthest] = useState(0)
  // Not every maker of keys may list users: it is asked only where the list is shown.
  const needsPrincipals = furthest >= PRINCIPALS_STEP_INDEX
  const principals = useLoaded(async () => (needsPrincipals ? listPrincipals(session) : []), [session, needsPrincipals])
  const generated = policyOfDraft(account, draft)
  const policy = draft.policy ?? generated
  const step = { draft, onChange: setDraft }

  async function create(): Promise<void> {
    setIsCreating(true)
    setFailure(undefined)
    try {
      const created = await createKey(kms, draft, policy)
      tell(created)
      const isExternal = draft.origin === 'EXTERNAL'
      goTo(isExternal ? PATHS.key(created.metadata.KeyId!, 'rotation') : PATHS.customerKeys)
    } catch (error) {
      setFailure(failureOf(error))
      setIsCreating(false)
    }
  }

  function tell({ metadata, alias, aliasError }: CreatedKey): void {
    const named = alias === '' || aliasError !== undefined ? '' : `alias ${alias} and `
    notices.succeeded(`Your KMS key was created with ${named}key ID ${metadata.KeyId}.`, {
      action: <Button href={hrefOf(PATHS.key(metadata.KeyId!))}>View key</Button>,
    })
    if (aliasError !== undefined) notices.failed(`create the alias ${alias}`, aliasError)
  }

  return (
    <Wizard
      activeStepIndex={stepIndex}
      onNavigate={({ detail: { requestedStepIndex: index } }) => {
        setStepIndex(index)
        setFurthest(Math.max(furthest, index))
      }}
      onCancel={() => goTo(PATHS.customerKeys)}
      onSubmit={create}
      isLoadingNextStep={isCreating}
      submitButtonText="Finish"
      i18nStrings={WORDS}
      steps={[
        { title: 'Configure key', content: <ConfigureStep {...step} /> },
        { title: 'Add labels', content: <LabelsStep {...step} /> },
        {
          title: 'Define key administrative permissions',
          isOptional: true,
          content: (
            <PrincipalsStep
              key="administrators"
              title="Key administrators"
              description="Who may manage the key through the API, without using it."
              listed={principals}
              chosen={draft.administrators}
              onChange={(administrators) => setDraft({ ...draft, administrators })}
            >
              <Checkbox
                checked={draft.mayDelete}
                onChange={({ detail }) => setDraft({ ...draft, mayDelete: detail.checked })}
              >
                Allow key administrators to delete this key
              </Checkbox>
            </PrincipalsStep>
          ),
        },
        {
          title: 'Define key usage permissions',
          isOptional: true,
          content: (
            <PrincipalsStep
              key="users"
              title="Key users"
              description="Who may use the key in cryptographic operations."
              listed={principals}
              chosen={draft.users}
              onChange={(users) => setDraft({ ...draft, users })}
            />
          ),
        },
        { title: 'Edit key policy', isOptional: true, content: <PolicyStep {...step} policy={policy} /> },
        { title: 'Review', content: <ReviewStep draft={draft} policy={policy} failure={failure} /> },
      ]}
    />
  )
}
