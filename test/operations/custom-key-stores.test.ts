/** The six operations on custom key stores as far as nothing behind a store is asked (keystores.md section 1). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConnectionState } from '../../src/domain/key-stores/key-store-place.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { givenUser } from '../support/identities.ts'
import { exampleExternalStore, exampleHsmStore, given } from '../support/key-stores.ts'
import { assertFails, assertValidation, OTHER_REGION } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const HSM = {
  CustomKeyStoreName: 'vault',
  CloudHsmClusterId: 'cluster-abcdefghijk',
  TrustAnchorCertificate: 'a certificate',
  KeyStorePassword: 'kmsuser-password',
}
const XKS = {
  CustomKeyStoreName: 'manager',
  CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
  XksProxyUriEndpoint: 'https://xks.example.test',
  XksProxyUriPath: '/tenant-a/kms/xks/v1',
  XksProxyAuthenticationCredential: {
    AccessKeyId: 'ABCDEFGHIJKLMNOPQRST',
    RawSecretAccessKey: 'abcdefghijklmnopqrstuvwxyz0123456789/+=ABCD',
  },
  XksProxyConnectivity: 'PUBLIC_ENDPOINT',
}
const VPC = { XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE' }
const SERVICE = { XksProxyVpcEndpointServiceName: 'com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0' }

const create = (body: object) => harness.call('CreateCustomKeyStore', body)
const without = (body: object, name: string) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))

describe('CreateCustomKeyStore', () => {
  test('needs what its type needs, and takes nothing of the other', async () => {
    for (const name of ['CloudHsmClusterId', 'TrustAnchorCertificate', 'KeyStorePassword']) {
      const text = `${name} is required for custom key stores of type AWS_CLOUDHSM.`
      await assertValidation(create(without(HSM, name)), text)
    }
    const external = Object.keys(XKS).filter((name) => name.startsWith('XksProxy'))
    assert.equal(external.length, 4)
    for (const name of external) {
      const text = `${name} is required for custom key stores of type EXTERNAL_KEY_STORE.`
      await assertValidation(create(without(XKS, name)), text)
      const value = (XKS as Record<string, unknown>)[name]
      await assertValidation(
        create({ ...HSM, [name]: value }),
        `${name} is not valid for custom key stores of type AWS_CLOUDHSM.`,
      )
    }
    const mixed = { ...XKS, KeyStorePassword: 'kmsuser-password' }
    await assertValidation(
      create(mixed),
      'KeyStorePassword is not valid for custom key stores of type EXTERNAL_KEY_STORE.',
    )
  })

  test('a service name goes with VPC connectivity, and with no other', async () => {
    const missing = 'XksProxyVpcEndpointServiceName is required for XksProxyConnectivity VPC_ENDPOINT_SERVICE.'
    await assertValidation(create({ ...XKS, ...VPC }), missing)
    const foreign = 'XksProxyVpcEndpointServiceName is not valid for XksProxyConnectivity PUBLIC_ENDPOINT.'
    await assertValidation(create({ ...XKS, ...SERVICE }), foreign)
    const owner = 'XksProxyVpcEndpointServiceOwner is not valid for XksProxyConnectivity PUBLIC_ENDPOINT.'
    await assertValidation(create({ ...XKS, XksProxyVpcEndpointServiceOwner: ACCOUNT }), owner)
  })

  test('holds members to the model, and never prints a secret', async () => {
    const wrong: readonly (readonly [body: object, path: string])[] = [
      [{ ...HSM, CloudHsmClusterId: 'cluster-1111111111111' }, 'cloudHsmClusterId'],
      [{ ...HSM, CloudHsmClusterId: 'cluster-abc' }, 'cloudHsmClusterId'],
      [{ ...HSM, CustomKeyStoreName: '' }, 'customKeyStoreName'],
      [{ ...HSM, CustomKeyStoreName: 'a'.repeat(257) }, 'customKeyStoreName'],
      [{ ...HSM, TrustAnchorCertificate: 'a'.repeat(5001) }, 'trustAnchorCertificate'],
      [{ ...HSM, KeyStorePassword: 'hidden' }, 'keyStorePassword'],
      [{ ...HSM, KeyStorePassword: `hidden${'x'.repeat(27)}` }, 'keyStorePassword'],
      [{ ...HSM, CustomKeyStoreType: 'VAULT' }, 'customKeyStoreType'],
      [{ ...XKS, XksProxyUriEndpoint: 'http://xks.example.test' }, 'xksProxyUriEndpoint'],
      [{ ...XKS, XksProxyUriEndpoint: 'https://xks.example.test:8443' }, 'xksProxyUriEndpoint'],
      [{ ...XKS, XksProxyUriPath: '/tenant/kms/xks' }, 'xksProxyUriPath'],
      [
        { ...XKS, XksProxyAuthenticationCredential: { AccessKeyId: 'hidden', RawSecretAccessKey: 'hidden' } },
        'xksProxyAuthenticationCredential',
      ],
    ]
    for (const [body, path] of wrong) {
      await assert.rejects(create(body), (error: Error & { code?: string; text?: string }) => {
        assert.equal(error.code, 'ValidationException', path)
        assert.match(error.text!, new RegExp(`at '${path}`))
        assert.ok(!error.text!.includes('hidden'))
        return true
      })
    }
  })

  test('a cluster that the operator did not configure is not found', async () => {
    const text = 'CloudHSM cluster cluster-abcdefghijk is not found.'
    await assertFails(create(HSM), 'CloudHsmClusterNotFoundException', text)
  })

  test('ten stores are all that an account has in a Region, of any type; then names are looked at', async () => {
    const full = await createHarness()
    try {
      for (let count = 0; count < 9; count++) await given(full, exampleExternalStore())
      await given(full, exampleHsmStore({ name: 'vault' }))
      const text = 'Custom key store quota for this account in this region is 10, current usage is 10.'
      await assertFails(full.call('CreateCustomKeyStore', HSM), 'LimitExceededException', text)
      // Neither another account nor another Region counts.
      const elsewhere = [{ account: OTHER_ACCOUNT }, { region: OTHER_REGION }]
      for (const caller of elsewhere) {
        await assert.rejects(full.call('CreateCustomKeyStore', HSM, caller), {
          code: 'CloudHsmClusterNotFoundException',
        })
      }
    } finally {
      await full.close()
    }
    await given(harness, exampleHsmStore({ name: 'taken' }))
    const taken = { ...HSM, CustomKeyStoreName: 'taken' }
    await assertFails(
      create(taken),
      'CustomKeyStoreNameInUseException',
      'Custom key store name taken is already in use.',
    )
  })
})

describe('DescribeCustomKeyStores', () => {
  test('shows a store of each type, and no secret', async () => {
    const { storeId } = await given(harness, exampleExternalStore({ name: 'external' }))
    const byId = await harness.call('DescribeCustomKeyStores', { CustomKeyStoreId: storeId })
    assert.deepEqual(byId, {
      CustomKeyStores: [
        {
          CustomKeyStoreId: storeId,
          CustomKeyStoreName: 'external',
          ConnectionState: 'DISCONNECTED',
          CreationDate: 1772366400.123,
          CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
          XksProxyConfiguration: {
            Connectivity: 'PUBLIC_ENDPOINT',
            AccessKeyId: 'ABCDEFGHIJKLMNOPQRST',
            UriEndpoint: 'https://xks.example.test',
            UriPath: byId.CustomKeyStores[0].XksProxyConfiguration.UriPath,
          },
        },
      ],
      Truncated: false,
    })
    assert.deepEqual(await harness.call('DescribeCustomKeyStores', { CustomKeyStoreName: 'external' }), byId)
    const service = SERVICE.XksProxyVpcEndpointServiceName
    const vpc = { connectivity: 'VPC_ENDPOINT_SERVICE', vpcEndpointServiceName: service } as const
    await given(harness, exampleExternalStore({ name: 'private', ...vpc, vpcEndpointServiceOwner: ACCOUNT }))
    const { CustomKeyStores } = await harness.call('DescribeCustomKeyStores', { CustomKeyStoreName: 'private' })
    const { VpcEndpointServiceName, VpcEndpointServiceOwner } = CustomKeyStores[0].XksProxyConfiguration
    assert.deepEqual([VpcEndpointServiceName, VpcEndpointServiceOwner], [service, ACCOUNT])
  })

  test('an error code is there in FAILED, and in no other state', async () => {
    const { name } = await given(
      harness,
      exampleHsmStore({ connectionState: 'FAILED', connectionErrorCode: 'USER_NOT_FOUND' }),
    )
    const { CustomKeyStores } = await harness.call('DescribeCustomKeyStores', { CustomKeyStoreName: name })
    assert.equal(CustomKeyStores[0].ConnectionErrorCode, 'USER_NOT_FOUND')
  })

  test('lists page by page', async () => {
    const whole = await harness.call('DescribeCustomKeyStores')
    assert.ok(whole.CustomKeyStores.length >= 4)
    assert.equal(whole.NextMarker, undefined)
    const found = []
    let Marker: string | undefined
    do {
      const page: { CustomKeyStores: object[]; NextMarker?: string; Truncated: boolean } = await harness.call(
        'DescribeCustomKeyStores',
        { Limit: 2, Marker },
      )
      assert.equal(page.Truncated, page.NextMarker !== undefined)
      found.push(...page.CustomKeyStores)
      Marker = page.NextMarker
    } while (Marker !== undefined)
    assert.deepEqual(found, whole.CustomKeyStores)
    await assertFails(
      harness.call('DescribeCustomKeyStores', { Marker: 'made up' }),
      'InvalidMarkerException',
      undefined,
    )
  })

  test('by id or by name, not by both; unknown ones and those of others are not found', async () => {
    const both = { CustomKeyStoreId: 'cks-1', CustomKeyStoreName: 'one' }
    await assertValidation(
      harness.call('DescribeCustomKeyStores', both),
      'You cannot specify CustomKeyStoreId and CustomKeyStoreName in the same request.',
    )
    const { storeId, name } = await given(harness, exampleHsmStore())
    for (const caller of [{ account: OTHER_ACCOUNT }, { region: OTHER_REGION }]) {
      for (const [body, named] of [
        [{ CustomKeyStoreId: storeId }, storeId],
        [{ CustomKeyStoreName: name }, name],
      ] as const) {
        const describing = harness.call('DescribeCustomKeyStores', body, caller)
        await assertFails(describing, 'CustomKeyStoreNotFoundException', `Custom key store ${named} is not found.`)
      }
      const { CustomKeyStores } = await harness.call('DescribeCustomKeyStores', {}, caller)
      assert.deepEqual(CustomKeyStores, [])
    }
  })
})

/** keystores.md 1.2 and OP-2 to OP-5: what each operation does to a store in each state. */
const OK = 'ok'
const INVALID = 'CustomKeyStoreInvalidStateException'
const STATES: Readonly<Record<string, Readonly<Record<ConnectionState, string>>>> = {
  ConnectCustomKeyStore: { DISCONNECTED: OK, CONNECTED: OK, CONNECTING: OK, FAILED: INVALID, DISCONNECTING: INVALID },
  DisconnectCustomKeyStore: {
    ...{ DISCONNECTED: INVALID, DISCONNECTING: INVALID },
    ...{ CONNECTED: OK, CONNECTING: OK, FAILED: OK },
  },
  DeleteCustomKeyStore: {
    DISCONNECTED: OK,
    ...{ CONNECTED: INVALID, CONNECTING: INVALID, FAILED: INVALID, DISCONNECTING: INVALID },
  },
  'UpdateCustomKeyStore NewCustomKeyStoreName': {
    ...{ DISCONNECTED: OK, CONNECTED: OK },
    ...{ CONNECTING: INVALID, FAILED: INVALID, DISCONNECTING: INVALID },
  },
  'UpdateCustomKeyStore KeyStorePassword': {
    DISCONNECTED: OK,
    ...{ CONNECTED: INVALID, CONNECTING: INVALID, FAILED: INVALID, DISCONNECTING: INVALID },
  },
}

describe('operations by connection state', () => {
  for (const [row, byState] of Object.entries(STATES)) {
    for (const [state, expected] of Object.entries(byState)) {
      test(`${row} of a store that is ${state}: ${expected}`, async () => {
        // Of a cluster that is not configured: nothing behind it is asked.
        const { storeId: CustomKeyStoreId } = await given(
          harness,
          exampleHsmStore({ connectionState: state as ConnectionState }),
        )
        const [operation, member] = row.split(' ') as [string, string | undefined]
        const value = member === 'KeyStorePassword' ? 'another-password' : `name of ${CustomKeyStoreId}`
        const calling = harness.call(operation, { CustomKeyStoreId, ...(member && { [member]: value }) })
        if (expected === OK) assert.deepEqual(await calling, {})
        else {
          const text = `Custom key store ${CustomKeyStoreId} is ${state}, which is not valid for this operation.`
          await assertFails(calling, expected, text)
        }
      })
    }
  }

  // keystores.md OP-4.
  const BACKING = {
    AWS_CLOUDHSM: { KeyStorePassword: 'another-password', CloudHsmClusterId: 'cluster-abcdefghijk' },
    EXTERNAL_KEY_STORE: {
      XksProxyUriEndpoint: 'https://another.example.test',
      XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
      ...SERVICE,
      XksProxyVpcEndpointServiceOwner: OTHER_ACCOUNT,
    },
  }
  for (const [type, members] of Object.entries(BACKING)) {
    for (const [member, value] of Object.entries(members)) {
      test(`${member} of a connected store is not changed`, async () => {
        const facts = { connectionState: 'CONNECTED', connectivity: 'VPC_ENDPOINT_SERVICE' } as const
        const store = type === 'AWS_CLOUDHSM' ? exampleHsmStore(facts) : exampleExternalStore(facts)
        const { storeId: CustomKeyStoreId } = await given(harness, store)
        const updating = harness.call('UpdateCustomKeyStore', { CustomKeyStoreId, [member]: value })
        const text = `Custom key store ${CustomKeyStoreId} is CONNECTED, which is not valid for this operation.`
        await assertFails(updating, 'CustomKeyStoreInvalidStateException', text)
      })
    }
  }

  test('every one of them says of an unknown store that it is not found', async () => {
    const CustomKeyStoreId = 'cks-fffffffffffffffff'
    for (const row of Object.keys(STATES)) {
      const calling = harness.call(row.split(' ')[0]!, { CustomKeyStoreId })
      await assertFails(
        calling,
        'CustomKeyStoreNotFoundException',
        `Custom key store ${CustomKeyStoreId} is not found.`,
      )
    }
  })

  test('a store whose cluster is not configured FAILED with CLUSTER_NOT_FOUND, and can be disconnected', async () => {
    const { storeId: CustomKeyStoreId } = await given(harness, exampleHsmStore())
    await harness.call('ConnectCustomKeyStore', { CustomKeyStoreId })
    await harness.service.keyStoreConnector.look()
    const described = async () =>
      (await harness.call('DescribeCustomKeyStores', { CustomKeyStoreId })).CustomKeyStores[0]
    const { ConnectionState, ConnectionErrorCode } = await described()
    assert.deepEqual([ConnectionState, ConnectionErrorCode], ['FAILED', 'CLUSTER_NOT_FOUND'])
    await harness.call('DisconnectCustomKeyStore', { CustomKeyStoreId })
    await harness.service.keyStoreConnector.look()
    assert.equal((await described()).ConnectionState, 'DISCONNECTED')
  })
})

describe('UpdateCustomKeyStore', () => {
  const update = (body: object) => harness.call('UpdateCustomKeyStore', body)

  test('takes nothing of the other type', async () => {
    const { storeId: CustomKeyStoreId } = await given(harness, exampleHsmStore())
    const text = 'XksProxyUriPath is not valid for custom key stores of type AWS_CLOUDHSM.'
    await assertValidation(update({ CustomKeyStoreId, XksProxyUriPath: '/kms/xks/v1' }), text)
    const { storeId: external } = await given(harness, exampleExternalStore())
    const foreign = 'KeyStorePassword is not valid for custom key stores of type EXTERNAL_KEY_STORE.'
    await assertValidation(update({ CustomKeyStoreId: external, KeyStorePassword: 'another-one' }), foreign)
  })

  test('another connectivity needs another endpoint, and its service name or none', async () => {
    const { storeId: CustomKeyStoreId } = await given(harness, exampleExternalStore())
    const endpoint = 'XksProxyUriEndpoint is required to change XksProxyConnectivity to VPC_ENDPOINT_SERVICE.'
    await assertValidation(update({ CustomKeyStoreId, ...VPC, ...SERVICE }), endpoint)
    const name = 'XksProxyVpcEndpointServiceName is required for XksProxyConnectivity VPC_ENDPOINT_SERVICE.'
    const XksProxyUriEndpoint = 'https://private.example.test'
    await assertValidation(update({ CustomKeyStoreId, ...VPC, XksProxyUriEndpoint }), name)
  })

  test('a name that is taken stays its holder’s', async () => {
    const { name } = await given(harness, exampleHsmStore())
    const { storeId: CustomKeyStoreId } = await given(harness, exampleHsmStore())
    const text = `Custom key store name ${name} is already in use.`
    const taking = update({ CustomKeyStoreId, NewCustomKeyStoreName: name })
    await assertFails(taking, 'CustomKeyStoreNameInUseException', text)
  })

  test('a name that two ask for at the same time is one’s', async () => {
    const stores = [await given(harness, exampleHsmStore()), await given(harness, exampleHsmStore())]
    const NewCustomKeyStoreName = 'wanted by two'
    const updates = stores.map(({ storeId: CustomKeyStoreId }) => update({ CustomKeyStoreId, NewCustomKeyStoreName }))
    const outcomes = await Promise.allSettled(updates)
    assert.deepEqual(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'done')).sort(), [
      'CustomKeyStoreNameInUseException',
      'done',
    ])
  })
})

describe('permission', () => {
  const OPERATIONS = [
    'ConnectCustomKeyStore',
    'CreateCustomKeyStore',
    'DeleteCustomKeyStore',
    'DescribeCustomKeyStores',
    'DisconnectCustomKeyStore',
    'UpdateCustomKeyStore',
  ]
  const bodyOf = (operation: string) =>
    operation === 'CreateCustomKeyStore'
      ? HSM
      : operation === 'DescribeCustomKeyStores'
        ? {}
        : { CustomKeyStoreId: 'cks-eeeeeeeeeeeeeeeee' }

  test('each needs its own, from an identity policy, on every resource; kms:CallerAccount is known', async () => {
    for (const operation of OPERATIONS) {
      const others = OPERATIONS.filter((name) => name !== operation).map((name) => `kms:${name}`)
      const rights = { Effect: 'Allow', Action: others, Resource: '*' }
      const stranger = await givenUser(harness.store, ACCOUNT, `without-${operation}`, rights)
      const denied = harness.callAs(stranger.principal, operation, bodyOf(operation))
      await assert.rejects(denied, { code: 'AccessDeniedException' }, operation)
      const Condition = { StringEquals: { 'kms:CallerAccount': ACCOUNT } }
      const statement = { Effect: 'Allow', Action: `kms:${operation}`, Resource: '*', Condition } as const
      const entitled = await givenUser(harness.store, ACCOUNT, `with-${operation}`, statement)
      const outcome = await harness.callAs(entitled.principal, operation, bodyOf(operation)).catch((error) => error)
      assert.notEqual(outcome.code, 'AccessDeniedException', operation)
    }
  })
})
