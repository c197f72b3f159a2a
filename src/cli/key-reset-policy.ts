/** `keyhold key reset-policy KEY-ARN`: the way back when a key policy lets nobody in (authorization.md L-5). */
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { defaultKeyPolicy } from '../domain/policy/key-policy.ts'
import { defineOperatorCommand } from './operator-command.ts'

const KEY_ARN = /^arn:aws(?:-cn|-us-gov)?:kms:([a-z0-9-]+):(\d{12}):key\/([A-Za-z0-9-]{1,256})$/

export const keyResetPolicy = defineOperatorCommand({
  ofAccount: false,
  args: ['KEY-ARN'],
  description: `
Gives a key the default key policy, which lets the account decide by its own policies who may use it.
For a key whose policy nobody can change any more; there is no such operation over the network. The
policy that it had is in the record of the audit log.`,
  async run({ operator, args: [keyArn] }) {
    const [, region, account, keyId] = KEY_ARN.exec(keyArn!) ?? []
    if (region === undefined) throw new UsageError(`expected the ARN of a key, got '${keyArn}'`)
    await operator.change(async (change) => {
      const key = await change.findKey({ account: account!, region, keyId: keyId! })
      if (key === undefined) throw new OperatorError(`there is no key ${keyArn}`)
      await change.updateKey({ ...key, policy: defaultKeyPolicy(key.account, region) })
      return {
        ...{ eventSource: 'kms.amazonaws.com', eventName: 'ResetKeyPolicy', account: key.account, region },
        resources: [{ type: 'AWS::KMS::Key', arn: key.arn }],
        details: { keyId: key.keyId, previousPolicy: key.policy },
      }
    })
  },
})
