/** `keyhold service delete NAME`. */
import { defineOperatorCommand } from './operator-command.ts'
import { requireService, serviceEvent } from './service-create.ts'

export const serviceDelete = defineOperatorCommand({
  ofAccount: false,
  args: ['NAME'],
  description: `
Deletes a service and its access keys at once. Policies and grants that name it stay as they are;
they let in whoever gets the name again.`,
  async run({ operator, args: [name] }) {
    await requireService(operator, name!)
    await operator.change(async (change) => {
      await change.deleteService(name!)
      return serviceEvent('DeleteService', name!)
    })
  },
})
