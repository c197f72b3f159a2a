/** Forms in, XML out (authorization.md 5.4, 6.2). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import { boolean, integer, list, optional, string, structure } from '../../../src/base/schema.ts'
import { defineOperation } from '../../../src/pipeline/operation.ts'
import { ACCOUNT } from '../../support/harness.ts'
import { ALICE, ALICE_ID, type QueryServer, startQueryServer } from './query-server.ts'

const audit = { readOnly: true }
const tag = structure({ Key: string({ min: 1 }), Value: string() })

const Everything = defineOperation({
  service: 'iam',
  name: 'Everything',
  input: structure({
    Name: string({ min: 1, max: 8, pattern: '[\\w]+' }),
    MaxItems: optional(integer(1, 1000)),
    OnlyAttached: optional(boolean()),
    Tags: optional(list(tag, { max: 3 })),
    Entries: optional(list(structure({ Names: list(string()) }))),
    Inner: optional(structure({ Text: optional(string()) })),
    Texts: optional(list(string({ min: 1, max: 9 }))),
  }),
  uses: [],
  audit,
  handler: (input) => ({ ...(input as object) }),
})

const Silent = defineOperation({ service: 'iam', name: 'Silent', input: structure({}), uses: [], audit, handler() {} })

const Failing = defineOperation({
  service: 'iam',
  name: 'Failing',
  input: structure({ Code: string(), Text: optional(string()) }),
  uses: [],
  audit,
  handler({ Code, Text }) {
    if (Code === 'bug') throw new TypeError('with a secret in it')
    throw new KmsError(Code, Text)
  },
})

const Unsigned = defineOperation({
  service: 'sts',
  unsigned: true,
  name: 'Unsigned',
  input: structure({}),
  uses: [],
  audit,
  handler: () => ({ Answer: 'to anybody' }),
})

const Timed = defineOperation({
  service: 'sts',
  unsigned: true,
  name: 'Timed',
  input: structure({}),
  uses: [],
  audit,
  handler: () => ({ Credentials: { Expiration: '2026-01-02T03:04:05Z' } }),
})

let server: QueryServer
before(async () => {
  server = await startQueryServer([Everything, Silent, Failing], [Unsigned, Timed])
})
after(() => server.close())

const IAM = 'Version=2010-05-08'
const STS = { service: 'sts', region: 'eu-central-1' }
const IDENTITY = 'Action=GetCallerIdentity&Version=2011-06-15'

async function inputOf(form: string): Promise<unknown> {
  const { status, body } = await server.send(`Action=Everything&${IAM}&${form}`)
  assert.equal(status, 200, body)
  return server.calls.at(-1)!.input
}

async function failure(
  form: string | Buffer,
  options = {},
): Promise<{ status: number; code: string; text: string | undefined }> {
  const { status, body, headers } = await server.send(form, options)
  assert.equal(headers['content-type'], 'text/xml')
  const [, , code] = /<Type>(Sender|Receiver)<\/Type><Code>(\w+)<\/Code>/.exec(body) ?? []
  assert.ok(code !== undefined, body)
  assert.match(body, new RegExp(`<RequestId>${headers['x-amzn-requestid']}</RequestId>`))
  return { status, code, text: /<Message>([^<]*)<\/Message>/.exec(body)?.[1] }
}

test('GetCallerIdentity answers in the form of STS', async () => {
  const { status, headers, body } = await server.send(IDENTITY, STS)
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/xml')
  assert.equal(
    body,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
      `<UserId>${ALICE_ID}</UserId><Account>${ACCOUNT}</Account><Arn>${ALICE}</Arn></GetCallerIdentityResult>` +
      `<ResponseMetadata><RequestId>${headers['x-amzn-requestid']}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  )
})

test('STS answers in JSON to those who accept it, IAM does not', async () => {
  const headers = { accept: 'application/json' }
  const answer = await server.send(IDENTITY, { ...STS, headers })
  assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json'])
  assert.deepEqual(JSON.parse(answer.body), {
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: { UserId: ALICE_ID, Account: ACCOUNT, Arn: ALICE },
      ResponseMetadata: { RequestId: answer.headers['x-amzn-requestid'] },
    },
  })
  const refused = await server.send('Action=Nothing&Version=2011-06-15', { ...STS, headers })
  assert.equal(refused.status, 400)
  assert.deepEqual(JSON.parse(refused.body), {
    Error: {
      Code: 'InvalidAction',
      Message: 'Could not find operation Nothing for version 2011-06-15',
      Type: 'Sender',
    },
    RequestId: refused.headers['x-amzn-requestid'],
  })
  const timed = await server.send('Action=Timed&Version=2011-06-15', { unsigned: true, headers })
  assert.deepEqual(JSON.parse(timed.body).TimedResponse.TimedResult, { Credentials: { Expiration: 1_767_323_045 } })
  for (const accept of ['*/*', 'text/xml', 'application/json-seq']) {
    const { body } = await server.send(IDENTITY, { ...STS, headers: { accept } })
    assert.match(body, /^<GetCallerIdentityResponse /, accept)
  }
  assert.match((await server.send(`Action=Silent&${IAM}`, { headers })).body, /^<SilentResponse /)
})

test('an operation without output has no result element', async () => {
  const { body, headers } = await server.send(`Action=Silent&${IAM}`)
  assert.equal(
    body,
    '<SilentResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
      `<ResponseMetadata><RequestId>${headers['x-amzn-requestid']}</RequestId></ResponseMetadata></SilentResponse>`,
  )
})

test('parameters become what the shape says: numbers, booleans, lists, structures in lists', async () => {
  const form =
    'Name=a&MaxItems=100&OnlyAttached=true&Tags.member.1.Key=k&Tags.member.1.Value=a%20b%2Bc+d&Tags.member.2.Key=l&Tags.member.2.Value=' +
    '&Entries.member.1.Names.member.1=x&Entries.member.1.Names.member.2=y&Inner.Text=%C3%BC'
  assert.deepEqual(await inputOf(form), {
    Name: 'a',
    MaxItems: 100,
    OnlyAttached: true,
    Tags: [
      { Key: 'k', Value: 'a b+c d' },
      { Key: 'l', Value: '' },
    ],
    Entries: [{ Names: ['x', 'y'] }],
    Inner: { Text: 'ü' },
  })
})

test('the order of parameters means nothing, and more than nine members keep theirs', async () => {
  const tags = Array.from({ length: 11 }, (_, index) => `Entries.member.1.Names.member.${index + 1}=n${index + 1}`)
  const input = await inputOf(`${tags.toReversed().join('&')}&Name=a`)
  const expected = Array.from({ length: 11 }, (_, index) => `n${index + 1}`)
  assert.deepEqual(input, { Name: 'a', Entries: [{ Names: expected }] })
})

test('an empty list is an empty text; unknown parameters are ignored; names of the language are names like others', async () => {
  const input = await inputOf('Name=a&Tags=&__proto__=x&constructor.prototype.polluted=1&Nothing.member.7=x')
  assert.deepEqual(input, { Name: 'a', Tags: [] })
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('violations are a ValidationError in the words of KMS', async () => {
  assert.deepEqual(await failure(`Action=Everything&${IAM}&Name=much-too-long&MaxItems=0`), {
    status: 400,
    code: 'ValidationError',
    text:
      '3 validation errors detected: Value &apos;much-too-long&apos; at &apos;name&apos; failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+; ' +
      'Value &apos;much-too-long&apos; at &apos;name&apos; failed to satisfy constraint: Member must have length less than or equal to 8; ' +
      'Value &apos;0&apos; at &apos;maxItems&apos; failed to satisfy constraint: Member must have value greater than or equal to 1',
  })
  const { code, text } = await failure(`Action=Everything&${IAM}&Name=a&Tags.member.1.Value=x`)
  assert.equal(code, 'ValidationError')
  assert.match(
    text!,
    /Value &apos;null&apos; at &apos;tags\.1\.member\.key&apos; failed|Value null at &apos;tags\.1\.member\.key&apos; failed/,
  )
})

const MALFORMED_INPUT: readonly (readonly [what: string, form: string])[] = [
  ['text for a number', 'Name=a&MaxItems=many'],
  ['a fraction for a number', 'Name=a&MaxItems=1.5'],
  ['a number in hexadecimal', 'Name=a&MaxItems=0x10'],
  ['a number beyond all numbers', 'Name=a&MaxItems=99999999999999999999999'],
  ['text for a boolean', 'Name=a&OnlyAttached=perhaps'],
  ['text for a list', 'Name=a&Tags=x'],
  ['text for a structure', 'Name=a&Inner=x'],
  ['a structure for a text', 'Name.member.1=a'],
  ['a list without its members', 'Name=a&Tags.1.Key=k&Tags.1.Value=v'],
  ['a list that begins with 0', 'Name=a&Tags.member.0.Key=k&Tags.member.0.Value=v'],
  ['a number of more than 32 bits', 'Name=a&MaxItems=2147483648'],
  ['a number with blanks', 'Name=a&MaxItems=%201%20'],
  ...['True', 'TRUE', 'False', 'FALSE', ' true', 'true ', '', 'null', 'yes'].map(
    (text) => [`'${text}' for a boolean`, `Name=a&OnlyAttached=${encodeURIComponent(text)}`] as const,
  ),
  ['a huge index', 'Name=a&Entries.member.1.Names.member.4294967295=x'],
  ['an index of many digits', `Name=a&Entries.member.1.Names.member.${'9'.repeat(5_000)}=x`],
  ['a negative index', 'Name=a&Tags.member.-1.Key=k'],
  ['an element under two spellings of its index', 'Name=a&Texts.member.01=x&Texts.member.1=y'],
  ['a list with something beside its members', 'Name=a&Entries.member.1.Names.member.1=x&Entries.more=y'],
]

for (const [what, form] of MALFORMED_INPUT) {
  test(`${what} is MalformedInput`, async () => {
    const { status, code } = await failure(`Action=Everything&${IAM}&${form}`)
    assert.deepEqual({ status, code }, { status: 400, code: 'MalformedInput' })
  })
}

const texts = (...indices: string[]) => indices.map((index) => `Texts.member.${index}=x`).join('&')

/** GetContextKeysForCustomPolicy and TagUser, recorded of AWS. */
const SPARSE: readonly (readonly [form: string, message: string])[] = [
  [texts('%2B1'), 'Start of list found where not expected'],
  [texts('one'), 'Start of list found where not expected'],
  [texts('0'), '0 is not a valid index'],
  [texts('-1'), 'Key -1 may not have a leading &apos;-&apos;'],
  [texts('12'), 'Excessively sparse input would skip 11 list elements'],
  [texts('33'), 'Excessively sparse input would skip 32 list elements'],
  [texts('1', '12'), 'Excessively sparse input would skip 11 list elements'],
  [texts('12', '1'), 'Excessively sparse input would skip 11 list elements'],
  [texts('1', '22', '43'), 'Excessively sparse input would skip 21 list elements'],
  [texts(...'1 2 3 4 5 6 7 8 9 10 21'.split(' ')), 'Excessively sparse input would skip 11 list elements'],
  [texts(...'1 2 3 4 5 6 7 8 9 10 22'.split(' ')), 'Excessively sparse input would skip 12 list elements'],
  ['Tags.member.1.0.Key=k&Tags.member.1.0.Value=v', 'Two index elements may not occur back to back'],
]

for (const [form, message] of SPARSE) {
  test(`${form}: ${message}`, async () => {
    const { code, text } = await failure(`Action=Everything&${IAM}&Name=a&${form}`)
    assert.deepEqual({ code, text }, { code: 'MalformedInput', text: message })
  })
}

test('numbers may have a sign and zeros in front, booleans are true, false, 1 and 0, indices may have zeros in front', async () => {
  for (const number of ['900', '0900', '%2B900']) {
    assert.deepEqual(await inputOf(`Name=a&MaxItems=${number}`), { Name: 'a', MaxItems: 900 })
  }
  for (const [text, value] of Object.entries({ true: true, 1: true, false: false, 0: false })) {
    assert.deepEqual(await inputOf(`Name=a&OnlyAttached=${text}`), { Name: 'a', OnlyAttached: value })
  }
  const split = 'Name=a&Tags.member.01.Key=team&Tags.member.1.Value=approved&Tags.member.1.Unknown=ignored'
  assert.deepEqual(await inputOf(split), { Name: 'a', Tags: [{ Key: 'team', Value: 'approved' }] })
})

test('elements that a list leaves out lack their members, or are no texts', async () => {
  const missing = (index: number) =>
    ['key', 'value'].map(
      (member) =>
        `Value null at &apos;tags.${index}.member.${member}&apos; failed to satisfy constraint: Member must not be null`,
    )
  for (const [form, indices] of [
    ['Tags.member.2.Key=k&Tags.member.2.Value=v', [1]],
    ['Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.3.Key=l&Tags.member.3.Value=w', [2]],
    ['Tags.member.one.Key=k&Tags.member.one.Value=v', [1]],
    ['Tags.member.constructor.Key=k', [1]],
  ] as const) {
    const { code, text } = await failure(`Action=Everything&${IAM}&Name=a&${form}`)
    const violations = indices.flatMap(missing)
    assert.deepEqual(
      { code, text },
      { code: 'ValidationError', text: `${violations.length} validation errors detected: ${violations.join('; ')}` },
    )
  }
  for (const form of [texts('11'), texts('1', '8', '15')]) {
    const { code, text } = await failure(`Action=Everything&${IAM}&Name=a&${form}`)
    assert.equal(code, 'ValidationError')
    assert.match(
      text!,
      /^1 validation error detected: .* at &apos;texts&apos; failed .* Member must satisfy constraint: \[/,
    )
  }
})

const MALFORMED_FORMS: readonly (readonly [what: string, form: string | Buffer])[] = [
  ['a parameter given twice', 'Name=a&Name=a'],
  ['an action given twice', `Action=Silent&Action=Everything&${IAM}`],
  ['a member given twice', 'Tags.member.1.Key=k&Tags.member.1.Key=k'],
  ['a text that is a structure too', 'Tags=&Tags.member.1.Key=k'],
  ['a structure that is a text too', 'Tags.member.1.Key=k&Tags='],
  ['half a percent-encoding', 'Name=%4'],
  ['a percent-encoding of no digits', 'Name=%zz'],
  ['a percent sign alone', 'Name=100%'],
  ['encoded bytes that are no UTF-8', 'Name=%ff%fe'],
  ['an encoded lone surrogate', 'Name=%ed%a0%80'],
  ['bytes that are no UTF-8', Buffer.from([0x4e, 0x3d, 0xff])],
  ['too many parameters', Array.from({ length: 5_001 }, (_, index) => `A${index}=`).join('&')],
  ['names that are nested too deep', `${'a.'.repeat(1_000)}b=x`],
]

for (const [what, form] of MALFORMED_FORMS) {
  test(`${what} is MalformedQueryString, whoever asks`, async () => {
    for (const unsigned of [false, true]) {
      const { status, code } = await failure(form, { unsigned })
      assert.deepEqual({ status, code }, { status: 404, code: 'MalformedQueryString' })
    }
  })
}

test('an action that there is not, or not in this version, or not in this service, is InvalidAction', async () => {
  const text = (name: string, version: string) => `Could not find operation ${name} for version ${version}`
  assert.deepEqual(await failure(`Action=CreateLoginProfile&${IAM}`), {
    status: 400,
    code: 'InvalidAction',
    text: text('CreateLoginProfile', '2010-05-08'),
  })
  assert.equal((await failure('Action=Silent&Version=2011-06-15')).text, text('Silent', '2011-06-15'))
  assert.equal((await failure('Action=Silent')).text, text('Silent', 'NO_VERSION_SPECIFIED'))
  assert.equal((await failure('Action=GetCallerIdentity&Version=2010-05-08')).code, 'InvalidAction')
  assert.equal((await failure('Action=constructor&Version=2010-05-08')).code, 'InvalidAction')
  assert.equal((await failure('Action=Encrypt&Version=2010-05-08')).code, 'InvalidAction')
  assert.equal((await failure(IAM)).code, 'MissingAction')
  assert.equal((await failure(`Action.member.1=Silent&${IAM}`)).code, 'MissingAction')
})

test('what was sent comes back as text, never as a part of the document, and never whole', async () => {
  const action = `<x>&${'y'.repeat(10_000)}`
  const { text } = await failure(`Action=${encodeURIComponent(action)}&${IAM}`)
  assert.ok(text!.startsWith('Could not find operation &lt;x&gt;&amp;yyy'))
  assert.ok(text!.length < 300)
})

test('authentication fails with the codes of the query protocol (authorization.md 5.4)', async () => {
  const silent = `Action=Silent&${IAM}`
  assert.deepEqual(await failure(silent, { unsigned: true }), {
    status: 403,
    code: 'MissingAuthenticationToken',
    text: 'Missing Authentication Token',
  })
  assert.deepEqual(await failure(silent, { accessKeyId: 'AKIAUNKNOWNUNKNOWN01' }), {
    status: 403,
    code: 'InvalidClientTokenId',
    text: 'The security token included in the request is invalid.',
  })
  const wrong = await failure(silent, { secretAccessKey: 'wrong' })
  assert.deepEqual([wrong.status, wrong.code], [403, 'SignatureDoesNotMatch'])
  const late = await failure(silent, { date: new Date(Date.now() - 3_600_000) })
  assert.deepEqual([late.status, late.code], [403, 'SignatureDoesNotMatch'])
  assert.match(late.text!, /^Signature expired: /)
  const broken = await failure(silent, { unsigned: true, headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x' } })
  assert.deepEqual([broken.status, broken.code], [400, 'IncompleteSignature'])
})

test('a signature for one service or Region is none for another', async () => {
  const scopes = [
    { service: 'sts', form: `Action=Silent&${IAM}`, code: 'InvalidAction' },
    { service: 'iam', form: IDENTITY, code: 'InvalidAction' },
    { service: 's3', form: IDENTITY, code: 'SignatureDoesNotMatch' },
    { service: 'sts', region: 'mars', form: IDENTITY, code: 'SignatureDoesNotMatch' },
  ]
  for (const { form, code, ...scope } of scopes)
    assert.equal((await failure(form, scope)).code, code, JSON.stringify(scope))
})

test('IAM is in us-east-1, whichever Region a client with an endpoint of its own signs for', async () => {
  const { status, body } = await server.send(`Action=Silent&${IAM}`, { region: 'eu-central-1' })
  assert.equal(status, 200, body)
  assert.equal(server.calls.at(-1)!.call.region, 'us-east-1')
  assert.equal((await server.send(IDENTITY, STS)).status, 200)
  assert.equal(server.calls.at(-1)!.call.region, 'eu-central-1')
})

test('a request of KMS scoped to STS or IAM is refused, and a form scoped to KMS is no operation', async () => {
  const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' }
  for (const service of ['sts', 'iam']) {
    const answer = await server.send('{}', { service, headers: json })
    assert.equal(answer.status, 400)
    const { __type, message } = JSON.parse(answer.body)
    assert.equal(__type, 'InvalidSignatureException')
    assert.match(message, /Credential should be scoped to correct service: 'kms'/)
  }
  const answer = await server.send(IDENTITY, { service: 'kms' })
  assert.deepEqual([answer.status, answer.body], [404, '<UnknownOperationException/>'])
})

test("an operation that asks for no signature answers without one, and its call is nobody's", async () => {
  const { status, body } = await server.send('Action=Unsigned&Version=2011-06-15', { unsigned: true })
  assert.equal(status, 200, body)
  assert.match(body, /<UnsignedResult><Answer>to anybody<\/Answer><\/UnsignedResult>/)
  const { principal } = server.calls.at(-1)!.call
  assert.deepEqual([principal.type, principal.account, principal.arn], ['WebIdentityUser', '', ''])
  assert.equal((await failure(IDENTITY, { unsigned: true })).code, 'MissingAuthenticationToken')
})

test('errors have the status that IAM gives them', async () => {
  const expected: readonly (readonly [thrown: string, status: number, code: string])[] = [
    ['NoSuchEntity', 404, 'NoSuchEntity'],
    ['EntityAlreadyExists', 409, 'EntityAlreadyExists'],
    ['DeleteConflict', 409, 'DeleteConflict'],
    ['LimitExceeded', 409, 'LimitExceeded'],
    ['ConcurrentModification', 409, 'ConcurrentModification'],
    ['MalformedPolicyDocument', 400, 'MalformedPolicyDocument'],
    ['InvalidInput', 400, 'InvalidInput'],
    ['UnmodifiableEntity', 400, 'UnmodifiableEntity'],
    ['PackedPolicyTooLarge', 400, 'PackedPolicyTooLarge'],
    ['InvalidIdentityToken', 400, 'InvalidIdentityToken'],
    ['IDPRejectedClaim', 403, 'IDPRejectedClaim'],
    ['IDPCommunicationError', 400, 'IDPCommunicationError'],
    ['RegionDisabledException', 403, 'RegionDisabledException'],
    ['InvalidParameterValue', 400, 'InvalidParameterValue'],
    // Of the web identity token; an expired session is told before any operation runs.
    ['ExpiredTokenException', 400, 'ExpiredTokenException'],
    ['AccessDeniedException', 403, 'AccessDenied'],
    ['ValidationException', 400, 'ValidationError'],
    ['ThrottlingException', 400, 'Throttling'],
  ]
  for (const [thrown, status, code] of expected) {
    assert.deepEqual(await failure(`Action=Failing&${IAM}&Code=${thrown}&Text=why`), { status, code, text: 'why' })
  }
})

test('a bug is InternalFailure without a word', async () => {
  const { status, body } = await server.send(`Action=Failing&${IAM}&Code=bug`)
  assert.equal(status, 500)
  assert.match(body, /<Error><Type>Receiver<\/Type><Code>InternalFailure<\/Code><\/Error>/)
})

test('GET takes its parameters from the query; a plus is a plus there, as in what was signed', async () => {
  const url = `/?Action=Everything&${IAM}&Name=a&Tags.member.1.Key=a+b&Tags.member.1.Value=c%20d`
  const { status, body } = await server.send('', { method: 'GET', url: url.replace('a+b', 'a%2Bb') })
  assert.equal(status, 200, body)
  assert.match(body, /<Key>a\+b<\/Key><Value>c d<\/Value>/)
  const mixed = await server.send('', { method: 'GET', url: `/?Action=Nothing&${IAM}` })
  assert.equal(mixed.status, 400)
})

/** As Google's workload identity federation documents the request that it sends on to AWS STS. */
test('a POST without a body takes its parameters from the query', async () => {
  for (const type of ['', 'application/json', 'application/x-www-form-urlencoded']) {
    const headers = { 'content-type': type, 'x-goog-cloud-target-resource': '//iam.googleapis.com/projects/1' }
    const { status, body } = await server.send('', { ...STS, url: `/?${IDENTITY}`, headers })
    assert.equal(status, 200, body)
  }
})

test('the query of a form means nothing, and methods other than GET and POST are no operation', async () => {
  const { status, body } = await server.send(`Action=Silent&${IAM}`, { url: `/?Action=Failing&${IAM}` })
  assert.equal(status, 200, body)
  const put = await server.send(`Action=Silent&${IAM}`, { method: 'PUT' })
  assert.deepEqual([put.status, put.body], [404, '<UnknownOperationException/>'])
})
