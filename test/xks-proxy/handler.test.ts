/** keystores.md 6.2: budget, rate and failures within, with the work behind them replaced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestHeaders } from '../../src/auth/request-headers.ts'
import { KmsError } from '../../src/base/errors.ts'
import type { Log } from '../../src/base/log.ts'
import { createRateCounter } from '../../src/domain/rate-counter.ts'
import { createRequestSigner } from '../../src/outgoing/request-signer.ts'
import { createHandler, type HandlerOptions } from '../../src/xks-proxy/handler.ts'
import { xksErrorOf } from '../../src/xks-proxy/xks-error.ts'
import { externalKey, TENANT_A } from '../support/xks-server.ts'

const NOW = Date.UTC(2025, 0, 2, 3, 4, 5)
const HOST = 'xks.example.test'
const PATH = '/tenant-a/kms/xks/v1'
const HEALTH_BODY = '{"requestMetadata":{"kmsRequestId":"r-1","kmsOperation":"KmsHealthCheck"}}'

function handlerWith(changes: Partial<HandlerOptions> = {}, tenant: object = {}) {
  const errors: object[] = []
  const log: Log = { info() {}, warn() {}, error: (fields) => void errors.push(fields) }
  const settings = {
    prefix: '/tenant-a',
    credentials: '',
    regions: undefined,
    callsPerSecondMax: 1_000,
    keys: [externalKey('foo', 1)],
    ...tenant,
  }
  const secret = Buffer.from(TENANT_A.secretAccessKey)
  const refusals: string[] = []
  const handle = createHandler({
    tenants: [settings],
    credentials: new Map([
      ['/tenant-a', { secretOf: (id: string) => (id === TENANT_A.accessKeyId ? secret : undefined) }],
    ]),
    fleetSize: 3,
    timeoutMs: 10_000,
    performKeyCall: async () => ({ done: true }),
    health: { status: async () => 'DEGRADED' },
    quota: createRateCounter(() => 0),
    ensureFresh: () => undefined,
    canServe: async () => true,
    securityLog: { refused: (_ip, _id, reason) => void refusals.push(reason), flush() {}, close() {} },
    log,
    uuid: () => 'request-1',
    clock: { now: () => NOW },
    ...changes,
  })
  const raw = (headers: Record<string, string>, target: string, body: string) =>
    handle({
      method: 'POST',
      target,
      headers: RequestHeaders.of(Object.entries(headers).flat()),
      body: Buffer.from(body),
      sourceIp: '192.0.2.1',
    })
  async function post(target: string, body: string, region = 'eu-west-1') {
    const sign = createRequestSigner({ ...TENANT_A, region, service: 'kms-xks-proxy' })
    const headers = await sign({ method: 'POST', host: HOST, path: target, body, time: NOW })
    const answer = await raw(headers, target, body)
    return { ...answer, json: JSON.parse(answer.body) }
  }
  return { post, raw, errors, refusals }
}

test('vector V3 of section 8 is let in, and one digit of it is not', async () => {
  const { raw, refusals } = handlerWith()
  const signature = '7087098d6e3a1be346097435da54b539ef41b0f94a5002c2030d264d45fcf266'
  const headers = (digits: string) => ({
    Host: HOST,
    'X-Amz-Date': '20250102T030405Z',
    Authorization: `AWS4-HMAC-SHA256 Credential=XKSTESTACCESSKEY2345/20250102/eu-west-1/kms-xks-proxy/aws4_request, SignedHeaders=host;x-amz-date, Signature=${digits}`,
  })
  assert.equal((await raw(headers(signature), `${PATH}/health`, HEALTH_BODY)).status, 200)
  assert.equal((await raw(headers(signature.replace('7', '8')), `${PATH}/health`, HEALTH_BODY)).status, 401)
  assert.deepEqual(refusals, ['AuthenticationFailedException'])
})

test('health has all that the protocol requires, and the size of the fleet', async () => {
  const { json } = await handlerWith().post(`${PATH}/health`, HEALTH_BODY)
  const { ekmFleetDetails, ...rest } = json
  assert.deepEqual(Object.keys(rest).sort(), ['ekmVendor', 'xksProxyFleetSize', 'xksProxyModel', 'xksProxyVendor'])
  assert.equal(rest.xksProxyFleetSize, 3)
  assert.equal(ekmFleetDetails.length, 1)
  const [{ id, model, healthStatus }] = ekmFleetDetails
  assert.equal(healthStatus, 'DEGRADED')
  assert.equal(typeof id, 'string')
  assert.equal(typeof model, 'string')
})

test('work that takes too long is given up: 503, whatever comes of it later', async () => {
  const { promise, resolve } = Promise.withResolvers<object>()
  const { post } = handlerWith({ performKeyCall: () => promise, timeoutMs: 20 })
  const answer = await post(`${PATH}/keys/foo/encrypt`, '{}')
  assert.deepEqual([answer.status, answer.json.errorName], [503, 'DependencyTimeoutException'])
  resolve({ ciphertext: 'late' })
})

test('what fails inside is told as such, with its cause in the log alone', async () => {
  const { post, errors } = handlerWith({
    async performKeyCall() {
      throw new TypeError('at 10.0.0.7')
    },
  })
  const answer = await post(`${PATH}/keys/foo/encrypt`, '{}')
  assert.deepEqual([answer.status, answer.json.errorName], [500, 'InternalException'])
  assert.ok(!answer.body.includes('10.0.0.7'))
  assert.equal(errors.length, 1)
})

test('an external key whose material goes under a call is told by its state (keystores.md 3.7)', () => {
  const error = xksErrorOf(new KmsError('KMSInvalidStateException', 'arn is pending import.'))
  assert.deepEqual([error.errorName, error.status], ['InvalidStateException', 400])
})

test('a node that cannot vouch for its caches answers nothing', async () => {
  const { post } = handlerWith({ ensureFresh: () => Promise.reject(new KmsError('KMSInternalException')) })
  assert.equal((await post(`${PATH}/keys/foo/encrypt`, '{}')).status, 500)
})

test('the calls of a second are counted for each tenant, those without a signature are not', async () => {
  let at = 0
  const { post, raw } = handlerWith({ quota: createRateCounter(() => at) }, { callsPerSecondMax: 2 })
  for (let count = 0; count < 5; count++) assert.equal((await raw({}, `${PATH}/health`, HEALTH_BODY)).status, 401)
  const statuses = []
  for (let count = 0; count < 3; count++) statuses.push((await post(`${PATH}/health`, HEALTH_BODY)).status)
  assert.deepEqual(statuses, [200, 200, 429])
  assert.equal((await post(`${PATH}/keys/foo/encrypt`, '{}')).json.errorName, 'ThrottlingException')
  at = 1_000
  assert.equal((await post(`${PATH}/health`, HEALTH_BODY)).status, 200)
})

test('Regions that are pinned, and all others', async () => {
  const { post } = handlerWith({}, { regions: ['eu-west-1', 'eu-central-1'] })
  assert.equal((await post(`${PATH}/health`, HEALTH_BODY, 'eu-central-1')).status, 200)
  const other = await post(`${PATH}/health`, HEALTH_BODY, 'us-east-1')
  assert.deepEqual([other.status, other.json.errorName], [401, 'AuthenticationFailedException'])
})

test('load balancers hear of a node that would not answer', async () => {
  const { raw } = handlerWith({ canServe: async () => false })
  assert.equal((await raw({}, '/ping', '')).status, 404, 'only GET and HEAD ask')
})
