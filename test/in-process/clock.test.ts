/** The clock of `startKeyhold()` and of a development server's control endpoint, over the wire with the AWS SDK. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  KMSClient,
  ListKeyRotationsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { type Keyhold, startKeyhold } from '../../src/index.ts'

const DAY_MS = 86_400_000

async function started(context: TestContext): Promise<{ keyhold: Keyhold; client: KMSClient }> {
  const keyhold = await startKeyhold()
  const client = new KMSClient(keyhold)
  context.after(async () => {
    client.destroy()
    await keyhold.stop()
  })
  return { keyhold, client }
}

/** What a command line would send. */
async function control({ endpoint }: Keyhold, body: unknown, contentType = 'application/json', method = 'POST') {
  const response = await fetch(`${endpoint}/_keyhold/clock`, {
    method,
    headers: { 'Content-Type': contentType },
    ...(method !== 'GET' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, json: () => JSON.parse(text) as { now?: string; error?: string } }
}

function assertNear(actual: number, expected: number): void {
  assert.ok(
    Math.abs(actual - expected) < 60_000,
    `${new Date(actual).toISOString()} is not ${new Date(expected).toISOString()}`,
  )
}

test('after a move everything that is due has happened: rotations, then the end of a deletion', async (context) => {
  const { keyhold, client } = await started(context)
  const KeyId = (await client.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId
  await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
  for (let times = 0; times < 3; times++) await keyhold.clock.advance({ days: 90, minutes: 1 })
  const { Rotations } = await client.send(new ListKeyRotationsCommand({ KeyId }))
  assert.equal(Rotations!.length, 3)
  assertNear(Rotations![2]!.RotationDate!.getTime(), Date.now() + 270 * DAY_MS + 3 * 60_000)
  const { DeletionDate } = await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
  await keyhold.clock.set(new Date(DeletionDate!.getTime() - 60_000))
  await client.send(new DescribeKeyCommand({ KeyId }))
  await keyhold.clock.advance(61_000)
  await assert.rejects(client.send(new DescribeKeyCommand({ KeyId })), { name: 'NotFoundException' })
})

test('it goes back to real time, and real clients are let in wherever it is', async (context) => {
  const { keyhold, client } = await started(context)
  await keyhold.clock.set(new Date('2031-05-06T07:08:09Z'))
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
  assertNear(KeyMetadata!.CreationDate!.getTime(), Date.UTC(2031, 4, 6, 7, 8, 9))
  await keyhold.clock.reset()
  assertNear(keyhold.clock.now().getTime(), Date.now())
  assertNear((await client.send(new CreateKeyCommand({}))).KeyMetadata!.CreationDate!.getTime(), Date.now())
  await assert.rejects(keyhold.clock.set(new Date(Number.NaN)), RangeError)
})

test('what is no duration and no date is refused (docs/clock.md), and the clock stays', async (context) => {
  const { keyhold } = await started(context)
  const { clock } = keyhold
  const advance = (by: unknown) => clock.advance(by as number)
  await assert.rejects(advance({ day: 90 }), { message: "clock.advance: there is no 'day'; did you mean 'days'?" })
  await assert.rejects(advance({ days: '90' }), { message: "clock.advance: days: expected a number, got '90'" })
  for (const by of ['+90d', undefined, null])
    await assert.rejects(advance(by), /expected milliseconds, or parts such as/)
  await assert.rejects(clock.set('2027-01-31T12:00:00Z' as unknown as Date), /clock\.set: expected a Date/)
  assertNear(clock.now().getTime(), Date.now())
})

test('servers in one process have clocks of their own', async (context) => {
  const [{ keyhold: one }, { keyhold: other }] = [await started(context), await started(context)]
  await one.clock.advance({ days: 1 })
  assertNear(one.clock.now().getTime(), Date.now() + DAY_MS)
  assertNear(other.clock.now().getTime(), Date.now())
})

test('the control endpoint tells the time and moves it in each of three ways', async (context) => {
  const { keyhold } = await started(context)
  const told = await control(keyhold, undefined, 'text/plain', 'GET')
  assert.equal(told.status, 200)
  assertNear(Date.parse(told.json().now!), Date.now())
  assertNear(Date.parse((await control(keyhold, { advanceSeconds: 86_400.5 })).json().now!), Date.now() + DAY_MS)
  assertNear(Date.parse((await control(keyhold, { advanceSeconds: -86_400 })).json().now!), Date.now())
  assertNear(
    Date.parse((await control(keyhold, { setTime: '2040-01-01T00:00:00+01:00' })).json().now!),
    Date.UTC(2039, 11, 31, 23),
  )
  assertNear(Date.parse((await control(keyhold, { reset: true })).json().now!), Date.now())
})

test('what it does not understand it refuses, and the clock stays', async (context) => {
  const { keyhold } = await started(context)
  const bodies = [
    ...[
      {},
      [],
      null,
      7,
      '',
      'x',
      '{"reset":true,"reset":true}',
      { reset: 1 },
      { advanceSeconds: '1' },
      { setTime: 'x' },
    ],
    ...[
      { advanceSeconds: 1e300 },
      { advanceSeconds: 1, reset: true },
      { setTime: '+020000-01-01T00:00:00Z' },
      { reset: {} },
    ],
  ]
  for (const body of bodies) {
    const { status, json } = await control(keyhold, body)
    assert.equal(status, 400, JSON.stringify(body))
    assert.equal(typeof json().error, 'string')
  }
  assertNear(keyhold.clock.now().getTime(), Date.now())
})

test('a web page cannot move it: forms and scripts may not send JSON without asking, and the question is refused', async (context) => {
  const { keyhold } = await started(context)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    assert.equal((await control(keyhold, { advanceSeconds: 60_000_000 }, type)).status, 400)
  }
  const asked = await fetch(`${keyhold.endpoint}/_keyhold/clock`, { method: 'OPTIONS' })
  assert.equal(asked.headers.get('access-control-allow-origin'), null)
  assert.notEqual(asked.status, 200)
  assertNear(keyhold.clock.now().getTime(), Date.now())
})
