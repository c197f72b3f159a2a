/**
 * A client whose clock is wrong: the AWS SDK takes the time from the `Date` of the refusal, signs again by it, and remembers how far it
 * is off. So a refusal has to have a date, and a name that SDKs know.
 */
import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { type KeyholdProcess, startKeyholdProcess } from '../support/keyhold-process.ts'

const HOUR_MS = 3_600_000
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
let keyhold: KeyholdProcess

before(async () => {
  // A process of its own: its clock is right.
  keyhold = await startKeyholdProcess(['dev', '--port', '0'])
})

after(async () => {
  await keyhold?.end()
})

for (const hours of [2, -2, 24 * 400]) {
  test(`${hours} hours off`, async (context) => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() + hours * HOUR_MS })
    context.after(() => mock.timers.reset())
    const settings = { endpoint: keyhold.endpoint, region: 'eu-west-1', credentials }
    const kms = new KMSClient(settings)
    assert.equal((await kms.send(new ListKeysCommand({}))).$metadata.attempts, 2)
    assert.equal((await kms.send(new ListKeysCommand({}))).$metadata.attempts, 1, 'it knows now')
    const sts = new STSClient(settings)
    assert.equal((await sts.send(new GetCallerIdentityCommand({}))).$metadata.attempts, 2)

    const stubborn = new KMSClient({ ...settings, maxAttempts: 1 })
    await assert.rejects(stubborn.send(new ListKeysCommand({})), { name: 'InvalidSignatureException' })
    for (const client of [kms, sts, stubborn]) client.destroy()
  })
}
