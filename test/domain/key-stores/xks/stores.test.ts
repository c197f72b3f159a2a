/** keystores.md OP-1, OP-4, XC-6, XC-7: which proxies a store may have, and how they are found. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { KmsError } from '../../../../src/base/errors.ts'
import type { ProxyPlace } from '../../../../src/domain/key-stores/xks/proxy-route.ts'
import { OTHER_ACCOUNT } from '../../../support/harness.ts'
import {
  PROXY_CREDENTIAL,
  PROXY_ENDPOINT,
  PROXY_PATH,
  placeOf,
  startXksProxy,
  storeOf,
  type XksProxy,
} from '../../../support/xks-proxy.ts'
import { createHarnessWithProxy, type HarnessWithProxy } from './harness-with-proxy.ts'

const serviceNamed = (letter: string) => `com.amazonaws.vpce.eu-central-1.vpce-svc-0${letter.repeat(16)}`
const SERVICE = serviceNamed('a')
const SECOND_SERVICE = serviceNamed('b')
const NO_ADDRESS = serviceNamed('c')
const UNKNOWN = serviceNamed('d')
const NO_NAME = serviceNamed('e')
const CLOSED_PORT = serviceNamed('f')
const WITHDRAWN = serviceNamed('9')
const PRIVATE_HOST = 'private.example.internal'
const PRIVATE_ENDPOINT = `https://${PRIVATE_HOST}`

let keyhold: HarnessWithProxy
let privateProxy: XksProxy
/** The operator's; a test takes one away. */
const services: Record<string, ProxyPlace> = {}

before(async () => {
  privateProxy = await startXksProxy({ host: PRIVATE_HOST, now: () => keyhold.clock.now() })
  keyhold = await createHarnessWithProxy({
    network: (proxy) => ({
      endpoints: {
        [PROXY_ENDPOINT]: placeOf(proxy),
        'https://wrong-name.example.com': placeOf(proxy),
        'https://wrong-ca.example.com': { ...placeOf(proxy), ca: privateProxy.ca },
        'https://nobody.example.com': { ...placeOf(proxy), port: 9 },
      },
      services: Object.assign(services, {
        [SERVICE]: placeOf(privateProxy),
        [SECOND_SERVICE]: placeOf(privateProxy),
        [NO_ADDRESS]: { ...placeOf(privateProxy), address: undefined } satisfies ProxyPlace,
        [NO_NAME]: { ...placeOf(privateProxy), address: 'no-such-name.invalid' },
        [CLOSED_PORT]: { ...placeOf(privateProxy), port: 9 },
        [WITHDRAWN]: placeOf(privateProxy),
      }),
    }),
  })
})

after(async () => {
  await keyhold.close()
  await privateProxy.close()
})

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'nothing'
  } catch (error) {
    if (error instanceof KmsError) return error.code
    throw error
  }
}

const create = (changes: object, account?: string) =>
  keyhold.call('CreateCustomKeyStore', storeOf('another', changes), account === undefined ? {} : { account })

const privateStore = (service: string, endpoint = PRIVATE_ENDPOINT) => ({
  XksProxyUriEndpoint: endpoint,
  XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
  XksProxyVpcEndpointServiceName: service,
})

test('a proxy is one store’s alone, in its account and Region', async () => {
  assert.equal(await codeOf(create({})), 'XksProxyUriInUseException')
  assert.equal(await codeOf(create({ XksProxyUriEndpoint: 'https://XKS.example.COM' })), 'XksProxyUriInUseException')
  const asService = privateStore(SERVICE, PROXY_ENDPOINT)
  assert.equal(
    await codeOf(create({ ...asService, XksProxyUriPath: '/other/kms/xks/v1' })),
    'XksProxyUriEndpointInUseException',
  )
  // Another path at the same host may be another's: here there is none.
  assert.equal(await codeOf(create({ XksProxyUriPath: '/other/kms/xks/v1' })), 'XksProxyInvalidConfigurationException')
  const { CustomKeyStoreId } = await create({}, OTHER_ACCOUNT)
  await keyhold.call('DeleteCustomKeyStore', { CustomKeyStoreId }, { account: OTHER_ACCOUNT })
})

test('a new store is not made with a proxy that does not answer as it should', async () => {
  const at = (host: string) => codeOf(create({ XksProxyUriEndpoint: `https://${host}` }))
  assert.equal(await at('wrong-name.example.com'), 'XksProxyUriUnreachableException')
  assert.equal(await at('wrong-ca.example.com'), 'XksProxyUriUnreachableException')
  assert.equal(await at('nobody.example.com'), 'XksProxyUriUnreachableException')
  const credential = { ...PROXY_CREDENTIAL, RawSecretAccessKey: 'x'.repeat(43) }
  await keyhold.call('UpdateCustomKeyStore', { CustomKeyStoreId: keyhold.storeId, NewCustomKeyStoreName: 'first' })
  const update = { CustomKeyStoreId: keyhold.storeId, XksProxyAuthenticationCredential: credential }
  assert.equal(
    await codeOf(keyhold.call('UpdateCustomKeyStore', update)),
    'XksProxyIncorrectAuthenticationCredentialException',
  )
  const { CustomKeyStores } = await keyhold.call('DescribeCustomKeyStores')
  assert.deepEqual(
    CustomKeyStores.map(({ CustomKeyStoreName }: { CustomKeyStoreName: string }) => CustomKeyStoreName),
    ['first'],
  )
})

test('nobody makes this server talk to its neighbours', async () => {
  const before = keyhold.proxy.connections
  for (const host of ['localhost', '127.0.0.1', '10.0.0.1', '169.254.169.254', '2130706433']) {
    assert.equal(
      await codeOf(create({ XksProxyUriEndpoint: `https://${host}` })),
      'XksProxyUriUnreachableException',
      host,
    )
  }
  assert.equal(keyhold.proxy.connections, before)
})

test('a private route: not asked before it is connected, then used like any other', async () => {
  const before = privateProxy.calls.length
  const { CustomKeyStoreId } = await create(privateStore(SERVICE))
  assert.equal(privateProxy.calls.length, before)
  const [described] = (await keyhold.call('DescribeCustomKeyStores', { CustomKeyStoreId })).CustomKeyStores
  assert.equal(described.XksProxyConfiguration.VpcEndpointServiceName, SERVICE)
  assert.match(described.XksProxyConfiguration.VpcEndpointServiceOwner, /^\d{12}$/)

  assert.equal(
    await codeOf(create({ ...privateStore(SERVICE), CustomKeyStoreName: 'third' })),
    'XksProxyUriInUseException',
  )
  const others = { CustomKeyStoreName: 'third', XksProxyUriPath: '/other/kms/xks/v1' }
  assert.equal(
    await codeOf(create({ ...privateStore(SECOND_SERVICE), ...others })),
    'XksProxyUriEndpointInUseException',
    'a private name is one store’s alone',
  )
  assert.equal(
    await codeOf(create({ ...privateStore(SERVICE, 'https://second.example.internal'), ...others })),
    'XksProxyVpcEndpointServiceInUseException',
  )

  await keyhold.call('ConnectCustomKeyStore', { CustomKeyStoreId })
  assert.equal((await keyhold.settled(CustomKeyStoreId)).ConnectionState, 'CONNECTED')
  privateProxy.addKey('behind-it')
  const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId: 'behind-it' }
  const { KeyId } = (await keyhold.call('CreateKey', where)).KeyMetadata
  const { CiphertextBlob } = await keyhold.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  assert.equal((await keyhold.call('Decrypt', { CiphertextBlob })).KeyId.endsWith(KeyId), true)
})

test('routes that the operator does not have, or has without an address', async () => {
  const at = (service: string) => ({
    ...privateStore(service, 'https://third.example.internal'),
    CustomKeyStoreName: 'nowhere',
  })
  assert.equal(await codeOf(create(at(UNKNOWN))), 'XksProxyVpcEndpointServiceNotFoundException')
  assert.equal(await codeOf(create(at(NO_ADDRESS))), 'XksProxyVpcEndpointServiceInvalidConfigurationException')
})

test('a private route shows what is wrong with it when it is connected', async () => {
  const connect = async (service: string, host: string, change = () => {}) => {
    const store = { ...privateStore(service, `https://${host}`), CustomKeyStoreName: host }
    const body = { CustomKeyStoreId: (await create(store)).CustomKeyStoreId }
    change()
    await keyhold.call('ConnectCustomKeyStore', body)
    const { ConnectionState, ConnectionErrorCode } = await keyhold.settled(body.CustomKeyStoreId)
    assert.equal(ConnectionState, 'FAILED')
    assert.equal(
      await codeOf(keyhold.call('ConnectCustomKeyStore', body)),
      'CustomKeyStoreInvalidStateException',
      'CS-6',
    )
    await keyhold.call('DisconnectCustomKeyStore', body)
    await keyhold.settled(body.CustomKeyStoreId)
    await keyhold.call('DeleteCustomKeyStore', body)
    return ConnectionErrorCode
  }
  assert.equal(await connect(NO_NAME, 'a.example.internal'), 'XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION')
  assert.equal(await connect(CLOSED_PORT, 'b.example.internal'), 'XKS_PROXY_NOT_REACHABLE')
  // The certificate is for another name.
  assert.equal(await connect(SECOND_SERVICE, 'c.example.internal'), 'XKS_PROXY_INVALID_TLS_CONFIGURATION')
  const withdraw = () => void delete services[WITHDRAWN]
  assert.equal(await connect(WITHDRAWN, 'd.example.internal', withdraw), 'XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND')
})

test('from one connectivity to the other, with a new endpoint', async () => {
  const { CustomKeyStoreId } = await create({
    ...privateStore(SECOND_SERVICE, 'https://moving.example.internal'),
    CustomKeyStoreName: 'moving',
  })
  const update = (changes: object) => codeOf(keyhold.call('UpdateCustomKeyStore', { CustomKeyStoreId, ...changes }))
  assert.equal(await update({ XksProxyConnectivity: 'PUBLIC_ENDPOINT' }), 'ValidationException')
  // It is asked with what it is to be.
  const nobody = { XksProxyConnectivity: 'PUBLIC_ENDPOINT', XksProxyUriEndpoint: 'https://nobody.example.com' }
  assert.equal(await update(nobody), 'XksProxyUriUnreachableException')
  assert.equal(await update({ ...nobody, XksProxyUriEndpoint: PROXY_ENDPOINT }), 'XksProxyUriInUseException')
  const [described] = (await keyhold.call('DescribeCustomKeyStores', { CustomKeyStoreId })).CustomKeyStores
  assert.equal(described.XksProxyConfiguration.Connectivity, 'VPC_ENDPOINT_SERVICE')
})

test('a private route is exchanged for another, and for none; the proxy is asked each time', async () => {
  const caller = { account: OTHER_ACCOUNT }
  const owner = '777788889999'
  const store = { ...privateStore(SERVICE), XksProxyVpcEndpointServiceOwner: owner }
  const { CustomKeyStoreId } = await create(store, OTHER_ACCOUNT)
  const update = (changes: object) =>
    codeOf(keyhold.call('UpdateCustomKeyStore', { CustomKeyStoreId, ...changes }, caller))
  const configuration = async () => {
    const { CustomKeyStores } = await keyhold.call('DescribeCustomKeyStores', { CustomKeyStoreId }, caller)
    return CustomKeyStores[0].XksProxyConfiguration
  }
  const shared = { AccessKeyId: PROXY_CREDENTIAL.AccessKeyId, UriPath: PROXY_PATH }

  const asked = privateProxy.calls.length
  assert.equal(await update({ XksProxyVpcEndpointServiceName: SECOND_SERVICE }), 'nothing')
  assert.equal(privateProxy.calls.length, asked + 1)
  assert.deepEqual(await configuration(), {
    ...shared,
    Connectivity: 'VPC_ENDPOINT_SERVICE',
    UriEndpoint: PRIVATE_ENDPOINT,
    VpcEndpointServiceName: SECOND_SERVICE,
    VpcEndpointServiceOwner: owner,
  })

  const publicly = { XksProxyConnectivity: 'PUBLIC_ENDPOINT', XksProxyUriEndpoint: PROXY_ENDPOINT }
  assert.equal(await update({ ...publicly, XksProxyVpcEndpointServiceName: '' }), 'nothing')
  assert.deepEqual(await configuration(), { ...shared, Connectivity: 'PUBLIC_ENDPOINT', UriEndpoint: PROXY_ENDPOINT })
  for (const foreign of [{ XksProxyVpcEndpointServiceName: SERVICE }, { XksProxyVpcEndpointServiceOwner: owner }]) {
    assert.equal(await update(foreign), 'ValidationException')
  }
  await keyhold.call('DeleteCustomKeyStore', { CustomKeyStoreId }, caller)
})

test('a proxy that two ask for at the same time is one’s', async () => {
  const outcomes = await Promise.all(
    ['one', 'other'].map((name) => codeOf(create({ CustomKeyStoreName: name }, OTHER_ACCOUNT))),
  )
  assert.deepEqual(outcomes.sort(), ['XksProxyUriInUseException', 'nothing'])
})

test('a connected store is updated in name, path and credential, and in nothing else', async () => {
  const update = (changes: object) =>
    codeOf(keyhold.call('UpdateCustomKeyStore', { CustomKeyStoreId: keyhold.storeId, ...changes }))
  const asked = keyhold.proxy.calls.length
  assert.equal(
    await update({ XksProxyUriEndpoint: 'https://nobody.example.com' }),
    'CustomKeyStoreInvalidStateException',
  )
  assert.equal(await update({ NewCustomKeyStoreName: 'orders' }), 'nothing')
  assert.equal(keyhold.proxy.calls.length, asked, 'a new name is nothing to ask a proxy about')
  assert.equal(await update({ XksProxyUriPath: '/elsewhere/kms/xks/v1' }), 'XksProxyInvalidConfigurationException')
  assert.equal(await update({ XksProxyAuthenticationCredential: PROXY_CREDENTIAL }), 'nothing')
  assert.equal(keyhold.proxy.calls.length, asked + 1)
  // The whole credential is exchanged, and used from then on.
  const credential = { AccessKeyId: 'ZYXWVUTSRQPONMLKJIHG', RawSecretAccessKey: 'z'.repeat(43) }
  keyhold.proxy.credentials.set(credential.AccessKeyId, credential.RawSecretAccessKey)
  const { KeyId } = await keyhold.newKey('after-another-credential')
  assert.equal(await update({ XksProxyAuthenticationCredential: credential }), 'nothing')
  keyhold.proxy.credentials.delete(PROXY_CREDENTIAL.AccessKeyId)
  await keyhold.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  const [described] = (await keyhold.call('DescribeCustomKeyStores', { CustomKeyStoreId: keyhold.storeId }))
    .CustomKeyStores
  assert.equal(described.XksProxyConfiguration.AccessKeyId, credential.AccessKeyId)
})

test('no credential is in an answer or a record', async () => {
  const answers = JSON.stringify(await keyhold.call('DescribeCustomKeyStores'))
  const records = keyhold.auditLines.join('\n')
  assert.ok(records.includes('CreateCustomKeyStore'))
  for (const text of [answers, records]) assert.ok(!text.includes(PROXY_CREDENTIAL.RawSecretAccessKey))
})
