/** OpenID Connect providers: authorization.md 6.5, 6.6; answers and texts as AWS was recorded to give them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation, lastRecord } from '../support.ts'
import { callIam, newUser, notAllowed } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const call = (name: string, body: object = {}) => callIam(harness, name, body)
const THUMBPRINT = 'a'.repeat(40)

function providerArn(issuer: string, account = ACCOUNT): string {
  return `arn:aws:iam::${account}:oidc-provider/${issuer}`
}

let made = 0
async function newProvider(more: object = {}): Promise<{ OpenIDConnectProviderArn: string }> {
  made += 1
  const { OpenIDConnectProviderArn } = await call('CreateOpenIDConnectProvider', {
    Url: `https://oidc-${made}.example.com`,
    ...more,
  })
  return { OpenIDConnectProviderArn }
}

test('a provider is named by host and path of its issuer, and shown without the scheme', async () => {
  const given = {
    Url: 'https://issuer.example.com:8443/realms/x',
    ClientIDList: ['b', 'a', 'b'],
    ThumbprintList: [THUMBPRINT],
    Tags: [{ Key: 'k', Value: 'v' }],
  }
  const OpenIDConnectProviderArn = providerArn('issuer.example.com:8443/realms/x')
  assert.deepEqual(await call('CreateOpenIDConnectProvider', given), { OpenIDConnectProviderArn, Tags: given.Tags })
  assert.deepEqual(await call('GetOpenIDConnectProvider', { OpenIDConnectProviderArn }), {
    Url: 'issuer.example.com:8443/realms/x',
    ClientIDList: ['b', 'a'],
    ThumbprintList: [THUMBPRINT],
    CreateDate: '2026-03-01T12:00:00Z',
    Tags: given.Tags,
  })
})

test('client ids, thumbprints and tags may be left out', async () => {
  const named = await newProvider()
  const { ClientIDList, ThumbprintList, Tags } = await call('GetOpenIDConnectProvider', named)
  assert.deepEqual([ClientIDList, ThumbprintList, Tags], [[], [], []])
})

test('an issuer is an https address without query, fragment and credentials, and is registered once', async () => {
  for (const Url of [
    'example.org',
    'http://example.org',
    'https://example.org/?a=b',
    'https://example.org/#a',
    'https://user@example.org',
    'https://',
    'https://exa mple.org',
  ]) {
    await assertValidation(call('CreateOpenIDConnectProvider', { Url }), 'Invalid Open ID Connect Provider URL')
  }
  const Url = 'https://oidc-dup.example.com'
  await newProvider({ Url })
  await assertFails(newProvider({ Url }), 'EntityAlreadyExists', `Provider with url ${Url} already exists.`)
  await assert.rejects(newProvider({ Url: `${Url}/` }), { code: 'EntityAlreadyExists' })
})

test('what is too much or too long is refused in the words of AWS', async () => {
  await assertFails(
    newProvider({ ThumbprintList: Array(6).fill(THUMBPRINT) }),
    'InvalidInput',
    'Thumbprint list must contain fewer than 5 entries.',
  )
  const ClientIDList = Array.from({ length: 101 }, (_, index) => `c${index}`)
  await assertFails(
    newProvider({ ClientIDList }),
    'LimitExceeded',
    'Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100',
  )
  const inList = (path: string, max: number, min: number) =>
    `Value at '${path}' failed to satisfy constraint: Member must satisfy constraint: ` +
    `[Member must have length less than or equal to ${max}, Member must have length greater than or equal to ${min}]`
  const faults = [
    [{ ClientIDList: ['x'.repeat(256)] }, inList('clientIDList', 255, 1)],
    [{ ThumbprintList: ['a'] }, inList('thumbprintList', 40, 40)],
    [
      { Url: `https://${'x'.repeat(255)}` },
      "Value at 'url' failed to satisfy constraint: Member must have length less than or equal to 255",
    ],
  ] as const
  for (const [members, text] of faults) {
    await assertValidation(newProvider(members), `1 validation error detected: ${text}`)
  }
  // As recorded of all three at once.
  const [members, texts] = [0, 1].map((part) => faults.map((fault) => fault[part]))
  await assertValidation(
    newProvider(Object.assign({}, ...members!)),
    `3 validation errors detected: ${texts!.join('; ')}`,
  )
})

test('client ids are added and removed; doing it twice changes nothing', async () => {
  const named = await newProvider({ ClientIDList: ['a'] })
  const ids = async () => (await call('GetOpenIDConnectProvider', named)).ClientIDList
  for (const _twice of [1, 2]) {
    assert.equal(await call('AddClientIDToOpenIDConnectProvider', { ...named, ClientID: 'b' }), undefined)
    assert.deepEqual(await ids(), ['a', 'b'])
  }
  for (const _twice of [1, 2]) {
    assert.equal(await call('RemoveClientIDFromOpenIDConnectProvider', { ...named, ClientID: 'a' }), undefined)
    assert.deepEqual(await ids(), ['b'])
  }
  for (let count = 1; count < 100; count++) {
    await call('AddClientIDToOpenIDConnectProvider', { ...named, ClientID: `c${count}` })
  }
  await assert.rejects(call('AddClientIDToOpenIDConnectProvider', { ...named, ClientID: 'more' }), {
    code: 'LimitExceeded',
  })
})

test('thumbprints are replaced', async () => {
  const named = await newProvider({ ThumbprintList: [THUMBPRINT] })
  const ThumbprintList = ['c'.repeat(40), 'd'.repeat(40)]
  assert.equal(await call('UpdateOpenIDConnectProviderThumbprint', { ...named, ThumbprintList }), undefined)
  assert.deepEqual((await call('GetOpenIDConnectProvider', named)).ThumbprintList, ThumbprintList)
  await assert.rejects(
    call('UpdateOpenIDConnectProviderThumbprint', { ...named, ThumbprintList: Array(6).fill(THUMBPRINT) }),
    { code: 'InvalidInput' },
  )
})

test('tags mind the case of their keys and come in pages, sorted', async () => {
  const tag = (Key: string, Value = 'v') => ({ Key, Value })
  const named = await newProvider({ Tags: [tag('k1', 'v1')] })
  await call('TagOpenIDConnectProvider', { ...named, Tags: [tag('k2', 'v2'), tag('K1')] })
  const all = [tag('K1'), tag('k1', 'v1'), tag('k2', 'v2')]
  assert.deepEqual(await call('ListOpenIDConnectProviderTags', named), { Tags: all, IsTruncated: false })
  const { Tags, IsTruncated, Marker } = await call('ListOpenIDConnectProviderTags', { ...named, MaxItems: 2 })
  assert.deepEqual([Tags, IsTruncated], [all.slice(0, 2), true])
  const rest = await call('ListOpenIDConnectProviderTags', { ...named, MaxItems: 2, Marker })
  assert.deepEqual([rest.Tags, rest.IsTruncated], [all.slice(2), false])
  await call('UntagOpenIDConnectProvider', { ...named, TagKeys: ['K1', 'k2'] })
  assert.deepEqual((await call('GetOpenIDConnectProvider', named)).Tags, [tag('k1', 'v1')])
  const many = Array.from({ length: 50 }, (_, index) => tag(`n${index}`))
  await assertFails(
    call('TagOpenIDConnectProvider', { ...named, Tags: many }),
    'LimitExceeded',
    'The number of tags has reached the maximum limit.',
  )
})

test('adding no tags and removing none is refused (recorded)', async () => {
  const named = await newProvider()
  const text = 'Error occurred while validating input. '
  await assertFails(call('TagOpenIDConnectProvider', { ...named, Tags: [] }), 'InvalidInput', text)
  await assertFails(call('UntagOpenIDConnectProvider', { ...named, TagKeys: [] }), 'InvalidInput', text)
})

test('what is deleted, or of another account, is not there', async () => {
  const named = await newProvider()
  const { OpenIDConnectProviderArn } = named
  const listed = async () =>
    (await call('ListOpenIDConnectProviders')).OpenIDConnectProviderList.some(
      ({ Arn }: { Arn: string }) => Arn === OpenIDConnectProviderArn,
    )
  assert.equal(await listed(), true)
  const other = userOf(OTHER_ACCOUNT)
  assert.deepEqual(await callIam(harness, 'ListOpenIDConnectProviders', {}, other), { OpenIDConnectProviderList: [] })
  for (const name of ['GetOpenIDConnectProvider', 'DeleteOpenIDConnectProvider']) {
    await assert.rejects(callIam(harness, name, named, other), { code: 'NoSuchEntity' })
  }
  assert.equal(await call('DeleteOpenIDConnectProvider', named), undefined)
  assert.equal(await listed(), false)
  await assertFails(
    call('DeleteOpenIDConnectProvider', named),
    'NoSuchEntity',
    `OpenId connect Provider ${OpenIDConnectProviderArn} cannot be found.`,
  )
  const bodies = {
    GetOpenIDConnectProvider: {},
    AddClientIDToOpenIDConnectProvider: { ClientID: 'x' },
    RemoveClientIDFromOpenIDConnectProvider: { ClientID: 'x' },
    UpdateOpenIDConnectProviderThumbprint: { ThumbprintList: [THUMBPRINT] },
    TagOpenIDConnectProvider: { Tags: [{ Key: 'k', Value: 'v' }] },
    UntagOpenIDConnectProvider: { TagKeys: ['k'] },
    ListOpenIDConnectProviderTags: {},
  }
  for (const [name, body] of Object.entries(bodies)) {
    await assertFails(
      call(name, { ...named, ...body }),
      'NoSuchEntity',
      `OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`,
    )
    await assertValidation(
      call(name, { OpenIDConnectProviderArn: 'nothing-like-an-arn-at-all', ...body }),
      'Invalid ARN:  Could not be parsed!',
    )
  }
})

test('every operation needs its permission on the ARN of the provider', async () => {
  const named = await newProvider()
  const nobody = await newUser(harness, 'provider-nobody')
  for (const [name, body] of Object.entries({
    GetOpenIDConnectProvider: {},
    DeleteOpenIDConnectProvider: {},
    AddClientIDToOpenIDConnectProvider: { ClientID: 'x' },
    RemoveClientIDFromOpenIDConnectProvider: { ClientID: 'x' },
    UpdateOpenIDConnectProviderThumbprint: { ThumbprintList: [THUMBPRINT] },
    TagOpenIDConnectProvider: { Tags: [{ Key: 'k', Value: 'v' }] },
    UntagOpenIDConnectProvider: { TagKeys: ['k'] },
    ListOpenIDConnectProviderTags: {},
  })) {
    await assertFails(
      callIam(harness, name, { ...named, ...body }, nobody),
      'AccessDeniedException',
      notAllowed(nobody, `iam:${name}`, named.OpenIDConnectProviderArn),
    )
  }
  await assertFails(
    callIam(harness, 'CreateOpenIDConnectProvider', { Url: 'https://new.example.com/x' }, nobody),
    'AccessDeniedException',
    notAllowed(nobody, 'iam:CreateOpenIDConnectProvider', providerArn('new.example.com/x')),
  )
  await assertFails(
    callIam(harness, 'ListOpenIDConnectProviders', {}, nobody),
    'AccessDeniedException',
    notAllowed(nobody, 'iam:ListOpenIDConnectProviders', providerArn('*')),
  )
})

test('the audit record has what was registered', async () => {
  const Url = 'https://audited.example.com'
  const { OpenIDConnectProviderArn } = await newProvider({ Url, ClientIDList: ['a'], ThumbprintList: [THUMBPRINT] })
  const { requestParameters, responseElements } = lastRecord(harness)
  assert.deepEqual(requestParameters, { url: Url, clientIDList: ['a'], thumbprintList: [THUMBPRINT] })
  assert.deepEqual(responseElements, { openIDConnectProviderArn: OpenIDConnectProviderArn })
})
