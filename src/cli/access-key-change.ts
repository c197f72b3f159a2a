/** `keyhold access-key disable`, `enable`, `delete`: known by the id alone, whoever it belongs to. */
import { OperatorError } from '../config/operator-error.ts'
import { defineOperatorCommand, type Operator } from './operator-command.ts'

interface AccessKeyName {
  readonly AccessKeyId: string
  /** Absent for the root's. */
  readonly UserName?: string
}

async function find(operator: Operator, accessKeyId: string): Promise<AccessKeyName> {
  const found = await operator.store.findCredential(accessKeyId)
  if (found?.accessKey.account !== (await operator.account())) {
    throw new OperatorError(`there is no access key ${accessKeyId} in account ${await operator.account()}`)
  }
  const { userName } = found.accessKey
  return { AccessKeyId: accessKeyId, ...(userName !== undefined && { UserName: userName }) }
}

export const accessKeyDisable = defineOperatorCommand({
  args: ['ACCESS-KEY-ID'],
  description: 'Makes an access key unusable at once. It can be enabled again.',
  async run({ operator, args: [id] }) {
    await operator.iam('UpdateAccessKey', { ...(await find(operator, id!)), Status: 'Inactive' })
  },
})

export const accessKeyEnable = defineOperatorCommand({
  args: ['ACCESS-KEY-ID'],
  description: 'Makes a disabled access key usable again.',
  async run({ operator, args: [id] }) {
    await operator.iam('UpdateAccessKey', { ...(await find(operator, id!)), Status: 'Active' })
  },
})

export const accessKeyDelete = defineOperatorCommand({
  args: ['ACCESS-KEY-ID'],
  description:
    'Deletes an access key for good. Temporary credentials that were made with it live on until they expire.',
  async run({ operator, args: [id] }) {
    await operator.iam('DeleteAccessKey', { ...(await find(operator, id!)) })
  },
})
