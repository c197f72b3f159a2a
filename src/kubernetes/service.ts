/**
 * Kubernetes' KMS v2 API (package `v2` of k8s.io/kms) as Protocol Buffers describe it: names and numbers of methods and fields, from which the library
 * reads and writes messages. Described when this is loaded, so that no generator of code has to run.
 */
import { create, createFileRegistry, type Message } from '@bufbuild/protobuf'
import type { GenMessage, GenService } from '@bufbuild/protobuf/codegenv2'
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'

type StatusRequest = Message<'v2.StatusRequest'>

type StatusResponse = Message<'v2.StatusResponse'> & {
  /** Of the API: `v2`. */
  version: string
  /** `ok`; anything else is a failure. */
  healthz: string
  keyId: string
}

type EncryptRequest = Message<'v2.EncryptRequest'> & {
  plaintext: Uint8Array
  /** Names the call in the logs of both sides. */
  uid: string
}

type EncryptResponse = Message<'v2.EncryptResponse'> & { ciphertext: Uint8Array; keyId: string }

type DecryptRequest = Message<'v2.DecryptRequest'> & {
  ciphertext: Uint8Array
  uid: string
  /** As Encrypt answered. */
  keyId: string
}

type DecryptResponse = Message<'v2.DecryptResponse'> & { plaintext: Uint8Array }

const { STRING, BYTES } = FieldDescriptorProto_Type

/** Annotations, the last field of EncryptResponse and DecryptRequest, are what Encrypt answered with: nothing here. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldDescriptorProto_Type>>>> = {
  StatusRequest: {},
  StatusResponse: { version: STRING, healthz: STRING, key_id: STRING },
  EncryptRequest: { plaintext: BYTES, uid: STRING },
  EncryptResponse: { ciphertext: BYTES, key_id: STRING },
  DecryptRequest: { ciphertext: BYTES, uid: STRING, key_id: STRING },
  DecryptResponse: { plaintext: BYTES },
}

const file = create(FileDescriptorProtoSchema, {
  name: 'kms.proto',
  package: 'v2',
  syntax: 'proto3',
  messageType: Object.entries(FIELDS).map(([name, fields]) => ({
    name,
    field: Object.entries(fields).map(([fieldName, type], index) => ({
      name: fieldName,
      number: index + 1,
      type,
      label: FieldDescriptorProto_Label.OPTIONAL,
    })),
  })),
  service: [
    {
      name: 'KeyManagementService',
      method: ['Status', 'Encrypt', 'Decrypt'].map((name) => ({
        name,
        inputType: `.v2.${name}Request`,
        outputType: `.v2.${name}Response`,
      })),
    },
  ],
})

interface Unary<Request extends Message, Response extends Message> {
  readonly methodKind: 'unary'
  readonly input: GenMessage<Request>
  readonly output: GenMessage<Response>
}

/** The types say what the description above does. */
export const KeyManagementService = createFileRegistry(file, () => undefined).getService(
  'v2.KeyManagementService',
) as unknown as GenService<{
  status: Unary<StatusRequest, StatusResponse>
  encrypt: Unary<EncryptRequest, EncryptResponse>
  decrypt: Unary<DecryptRequest, DecryptResponse>
}>
