/** Hands out a wrapping key and an import token for one import of key material (operations.md 3.29, lifecycle.md 4.2). */
import { validationError } from '../base/errors.ts'
import { enumeration, structure } from '../base/schema.ts'
import { isWrappable, WRAPPING_ALGORITHMS, WRAPPING_KEY_SPECS } from '../domain/imports/wrapping.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { IMPORT_PREPARABLE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

/** Messages leave SM2 out, as AWS does outside China (operations.md 1.8). */
const wrappingAlgorithm = enumeration(WRAPPING_ALGORITHMS, [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
  'RSAES_PKCS1_V1_5',
])
const wrappingKeySpec = enumeration(WRAPPING_KEY_SPECS, ['RSA_2048', 'RSA_3072', 'RSA_4096'])

export const GetParametersForImport = defineOperation({
  name: 'GetParametersForImport',
  input: structure({ KeyId: keyId, WrappingAlgorithm: wrappingAlgorithm, WrappingKeySpec: wrappingKeySpec }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:GetParametersForImport',
      origins: ['EXTERNAL'],
      keyStates: IMPORT_PREPARABLE,
      conditionKeys: ({ WrappingAlgorithm, WrappingKeySpec }) => ({
        'kms:WrappingAlgorithm': WrappingAlgorithm,
        'kms:WrappingKeySpec': WrappingKeySpec,
      }),
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, WrappingAlgorithm, WrappingKeySpec }) => ({
      keyId: KeyId,
      wrappingAlgorithm: WrappingAlgorithm,
      wrappingKeySpec: WrappingKeySpec,
    }),
  },
  async handler(
    { WrappingAlgorithm: algorithm, WrappingKeySpec: wrappingKeySpec },
    { resources: [{ key }], call, keyImports },
  ) {
    if (!isWrappable(key.spec, algorithm, wrappingKeySpec)) {
      const combination = `Wrapping algorithm ${algorithm} and wrapping key spec ${wrappingKeySpec}`
      throw validationError(`${combination} cannot be used to import a ${key.spec} key.`)
    }
    const parameters = await keyImports.parametersFor(key, { algorithm, wrappingKeySpec }, call.time)
    return {
      KeyId: key.arn,
      ImportToken: parameters.importToken.toString('base64'),
      PublicKey: parameters.publicKey.toString('base64'),
      ParametersValidTo: parameters.validTo / 1000,
    }
  },
})
