/** `keyhold service create NAME`: a program that may act for users, and that key policies name. */
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { isServiceName, SERVICE_ACCESS_KEYS_MAX } from '../domain/identity/services.ts'
import { ACCESS_KEY_FLAGS, handOver } from './new-access-key.ts'
import { defineOperatorCommand, type Operator } from './operator-command.ts'
import type { Terminal } from './terminal.ts'

export const serviceCreate = defineOperatorCommand({
  ofAccount: false,
  args: ['NAME'],
  flags: ACCESS_KEY_FLAGS,
  description: `
Makes a service, such as billing.example.com, and an access key for it. A service belongs to no
account. It can do what key policies, role trust policies and grants allow to {"Service": "NAME"}; and
it is trusted to call for any user whose request it has verified, with that user's rights and with
kms:ViaService. Give its access key to nobody else.

Names of AWS, such as s3.amazonaws.com, are allowed: that service then uses the AWS managed keys of
accounts.`,
  async run({ operator, flags, args: [name], terminal }) {
    if (!isServiceName(name!)) {
      throw new UsageError(
        `${name} is no name of a service: it has lower-case letters, digits and hyphens between dots`,
      )
    }
    if (await operator.store.hasService(name!)) throw new OperatorError(`there is a service ${name} already`)
    await makeServiceKey(operator, name!, flags, terminal, () =>
      operator.change(async (change, time) => {
        await change.insertService({ name: name!, createdAt: time })
        return serviceEvent('CreateService', name!)
      }),
    )
  },
})

export const serviceAccessKey = defineOperatorCommand({
  ofAccount: false,
  args: ['NAME'],
  flags: ACCESS_KEY_FLAGS,
  description: `
Makes another access key for a service, which can have two: make the new one, give it to the service,
then delete the old one with 'keyhold access-key delete'.`,
  async run({ operator, flags, args: [name], terminal }) {
    await requireService(operator, name!)
    await makeServiceKey(operator, name!, flags, terminal)
  },
})

async function makeServiceKey(
  operator: Operator,
  service: string,
  wanted: Parameters<typeof handOver>[2],
  terminal: Terminal,
  prepare: () => Promise<void> = async () => {},
): Promise<void> {
  const owner = { profile: service, file: `credentials-${service}`, title: `the service ${service}` }
  await handOver(operator, owner, wanted, terminal, async () => {
    await prepare()
    const made = await operator.newServiceAccessKey(service)
    const { accessKeyId, token } = made
    await operator.change(async (change, createdAt) => {
      if ((await change.listServiceAccessKeys(service)).length >= SERVICE_ACCESS_KEYS_MAX) {
        throw new OperatorError(`the service ${service} has ${SERVICE_ACCESS_KEYS_MAX} access keys already`, {
          hint: "delete one with 'keyhold access-key delete'",
        })
      }
      await change.insertServiceAccessKey({ accessKeyId, service, active: true, token, createdAt })
      return serviceEvent('CreateServiceAccessKey', service, accessKeyId)
    })
    return made
  })
}

/** @throws {OperatorError} */
export async function requireService({ store }: Operator, name: string): Promise<void> {
  if (!(await store.hasService(name))) throw new OperatorError(`there is no service ${name}`)
}

/** Of no account and no Region. */
export function serviceEvent(
  eventName:
    | 'CreateService'
    | 'DeleteService'
    | 'CreateServiceAccessKey'
    | 'UpdateServiceAccessKey'
    | 'DeleteServiceAccessKey',
  service: string,
  accessKeyId?: string,
) {
  return {
    ...({
      eventSource: 'iam.amazonaws.com',
      eventName,
      account: undefined,
      region: 'us-east-1',
      resources: [],
    } as const),
    details: { service, ...(accessKeyId !== undefined && { accessKeyId }) },
  }
}
