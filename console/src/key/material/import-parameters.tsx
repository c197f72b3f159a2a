import {
  GetParametersForImportCommand,
  type GetParametersForImportCommandOutput,
  type KeyMetadata,
} from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ColumnLayout from '@cloudscape-design/components/column-layout'
import FormField from '@cloudscape-design/components/form-field'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { type Failure, failureOf } from '../../aws/failure.ts'
import { timeText } from '../../keys/words.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { download } from '../../shell/download.ts'
import { FailureAlert } from '../../shell/failure-alert.tsx'
import { wrappingAlgorithms, wrappingKeySpecs } from './wrapping.ts'

interface Props {
  readonly metadata: KeyMetadata
  readonly parameters: GetParametersForImportCommandOutput | undefined
  onParameters(parameters: GetParametersForImportCommandOutput): void
}

/** The wrapping public key and the import token, with AWS's names for their files. */
export function ImportParameters({ metadata: { KeyId, KeySpec }, parameters, onParameters }: Props) {
  const { kms } = useSignedIn()
  const algorithms = wrappingAlgorithms(KeySpec)
  const [algorithm, setAlgorithm] = useState(algorithms[0]!)
  const specs = wrappingKeySpecs(algorithm.value)
  const [chosenSpec, setChosenSpec] = useState(specs[0]!)
  const spec = specs.find(({ value }) => value === chosenSpec.value) ?? specs[0]!
  const [failure, setFailure] = useState<Failure>()
  const [isAsking, setIsAsking] = useState(false)

  async function ask(): Promise<void> {
    setIsAsking(true)
    setFailure(undefined)
    try {
      const input = { KeyId, WrappingAlgorithm: algorithm.value, WrappingKeySpec: spec.value }
      onParameters(await kms.send(new GetParametersForImportCommand(input)))
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setIsAsking(false)
    }
  }

  return (
    <SpaceBetween size="m">
      <Box variant="h3">Step 1: Download wrapping public key and import token</Box>
      <ColumnLayout columns={2}>
        <FormField label="Wrapping algorithm">
          <Select
            selectedOption={algorithm}
            options={algorithms}
            onChange={({ detail }) =>
              setAlgorithm(algorithms.find(({ value }) => value === detail.selectedOption.value)!)
            }
          />
        </FormField>
        <FormField label="Wrapping key spec">
          <Select
            selectedOption={spec}
            options={specs}
            onChange={({ detail }) => setChosenSpec(specs.find(({ value }) => value === detail.selectedOption.value)!)}
          />
        </FormField>
      </ColumnLayout>
      <Button formAction="none" loading={isAsking} onClick={ask}>
        Get wrapping key and import token
      </Button>
      {failure && <FailureAlert action="get the parameters for import" failure={failure} />}
      {parameters && (
        <Alert type="success" header={`Valid until ${timeText(parameters.ParametersValidTo)}`}>
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              formAction="none"
              iconName="download"
              onClick={() => download('WrappingPublicKey.bin', parameters.PublicKey as Uint8Array<ArrayBuffer>)}
            >
              Wrapping public key
            </Button>
            <Button
              formAction="none"
              iconName="download"
              onClick={() => download('ImportToken.bin', parameters.ImportToken as Uint8Array<ArrayBuffer>)}
            >
              Import token
            </Button>
          </SpaceBetween>
        </Alert>
      )}
    </SpaceBetween>
  )
}
