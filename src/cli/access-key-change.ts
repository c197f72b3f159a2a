/** `keyhold access-key disable`, `enable`, `delete`: known by the id alone, whoever it belongs to. */
import { OperatorError } from '../config/operator-error.ts'
import { defineOperatorCommand, type Operator } from './operator-command.ts'
import { serviceEvent } from './service-create.ts'

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

async function setActive(operator: Operator, id: string, active: boolean): Promise<void> {
  const ofService = await operator.store.findServiceAccessKey(id)
  if (ofService === undefined) {
    await operator.iam('UpdateAccessKey', { ...(await find(operator, id)), Status: active ? 'Active' : 'Inactive' })
    return
  }
  await operator.change(async (change) => {
    await change.setServiceAccessKeyActive(id, active)
    return serviceEvent('UpdateServiceAccessKey', ofService.service, id)
  })
}

export const accessKeyDisable = defineOperatorCommand({
  args: ['ACCESS-KEY-ID'],
  description: 'Makes an access key of a user or a service unusable at once. It can be enabled again.',
  run: ({ operator, args: [id] }) => setActive(operator, id!, false),
})

export const accessKeyEnable = defineOperatorCommand({
  args: ['ACCESS-KEY-ID'],
  description: 'Makes a disabled access key usable again.',
  run: ({ operator, args: [id] }) => setActive(operator, id!, true),
})

export const accessKeyDelete = defineOperatorCommand({
  args: ['ACCESS-KEY-ID'],
  description:
    'Deletes an access key for good. Temporary credentials that were made with it live on until they expire.',
  async run({ operator, args: [id] }) {
    const ofService = await operator.store.findServiceAccessKey(id!)
    if (ofService === undefined) {
      await operator.iam('DeleteAccessKey', { ...(await find(operator, id!)) })
      return
    }
    await operator.change(async (change) => {
      await change.deleteServiceAccessKey(id!)
      return serviceEvent('DeleteServiceAccessKey', ofService.service, id!)
    })
  },
})
