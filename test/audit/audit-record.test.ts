/** audit.md sections 1 to 5: what SIEM content reads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AuditRecord, auditLine, javaDate, serviceEventLine } from '../../src/audit/audit-record.ts'

const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const MATERIAL = `${'0f'.repeat(31)}9a`

const record: AuditRecord = {
  eventId: '7a0a2a4e-1b3c-4d5e-8f90-a1b2c3d4e5f6',
  requestId: '11111111-2222-4333-8444-555555555555',
  time: Date.parse('2026-03-01T12:34:56.789Z'),
  service: 'kms',
  eventName: 'GenerateDataKey',
  region: 'eu-central-1',
  identity: {
    type: 'IAMUser',
    principalId: 'AIDAEXAMPLEEXAMPLE001',
    arn: 'arn:aws:iam::111122223333:user/ci',
    account: '111122223333',
    entityId: 'AIDAEXAMPLEEXAMPLE001',
    principalArn: 'arn:aws:iam::111122223333:user/ci',
    accessKeyId: 'AKIAEXAMPLEEXAMPLE01',
    userName: 'ci',
  },
  sourceIp: '198.51.100.7',
  userAgent: 'aws-sdk-js/3',
  readOnly: true,
  error: undefined,
  parameters: { keyId: 'alias/app', keySpec: 'AES_256', encryptionContext: { tenant: 't-17' } },
  response: undefined,
  additional: { keyMaterialId: MATERIAL },
  resources: [{ type: 'AWS::KMS::Key', account: '111122223333', arn: KEY_ARN }],
  tls: {
    tlsVersion: 'TLSv1.3',
    cipherSuite: 'TLS_AES_256_GCM_SHA384',
    clientProvidedHostHeader: 'kms.eu-central-1.example',
  },
}

/** The worked example of audit.md 4.6 with an IAM user (section 2) for its role session, byte for byte. */
const GOLDEN = [
  '{"eventVersion":"1.11",',
  '"userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLE001","arn":"arn:aws:iam::111122223333:user/ci",',
  '"accountId":"111122223333","accessKeyId":"AKIAEXAMPLEEXAMPLE01","userName":"ci"},',
  '"eventTime":"2026-03-01T12:34:56Z","eventSource":"kms.amazonaws.com","eventName":"GenerateDataKey",',
  '"awsRegion":"eu-central-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-sdk-js/3",',
  '"requestParameters":{"keyId":"alias/app","keySpec":"AES_256","encryptionContext":{"tenant":"t-17"}},',
  '"responseElements":null,',
  `"additionalEventData":{"keyMaterialId":"${MATERIAL}"},`,
  '"requestID":"11111111-2222-4333-8444-555555555555","eventID":"7a0a2a4e-1b3c-4d5e-8f90-a1b2c3d4e5f6","readOnly":true,',
  `"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"${KEY_ARN}"}],`,
  '"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management",',
  '"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_256_GCM_SHA384",',
  '"clientProvidedHostHeader":"kms.eu-central-1.example"}}',
].join('')

function fieldsOf(changes: Partial<AuditRecord>): Record<string, unknown> {
  return JSON.parse(auditLine({ ...record, ...changes }))
}

test('A record has the fields of the worked example, in its order (audit.md 4.6)', () => {
  assert.equal(auditLine(record), GOLDEN)
  // Again, from what is remembered of caller and connection.
  assert.equal(auditLine(record), GOLDEN)
})

test("The account's root has no user name", () => {
  const identity = {
    type: 'Root',
    principalId: '111122223333',
    arn: 'arn:aws:iam::111122223333:root',
    account: '111122223333',
    entityId: '111122223333',
    principalArn: 'arn:aws:iam::111122223333:root',
    accessKeyId: 'AKIAEXAMPLEEXAMPLE02',
  } as const
  assert.deepEqual(fieldsOf({ identity }).userIdentity, {
    type: 'Root',
    principalId: '111122223333',
    arn: 'arn:aws:iam::111122223333:root',
    accountId: '111122223333',
    accessKeyId: 'AKIAEXAMPLEEXAMPLE02',
  })
})

test('A failure has code and message, a denial the code that SIEM rules look for (audit.md 4.4)', () => {
  const denied = fieldsOf({ error: { code: 'AccessDeniedException', text: 'User is not authorized' } })
  assert.equal(denied.errorCode, 'AccessDenied')
  assert.equal(denied.errorMessage, 'User is not authorized')
  assert.equal(denied.responseElements, null)
  for (const code of ['NotFoundException', 'DisabledException', 'DryRunOperationException', 'ThrottlingException']) {
    assert.equal(fieldsOf({ error: { code, text: 'x' } }).errorCode, code)
  }
  // Of IAM and STS too: rules of Elastic and Splunk ask for these, not for what is on the wire.
  for (const code of ['MalformedPolicyDocument', 'NoSuchEntity', 'EntityAlreadyExists', 'InvalidIdentityToken']) {
    assert.equal(fieldsOf({ error: { code, text: 'x' } }).errorCode, `${code}Exception`)
  }
  const wordless = fieldsOf({ error: { code: 'InvalidCiphertextException', text: undefined } })
  assert.equal(wordless.errorCode, 'InvalidCiphertextException')
  assert.ok(!('errorMessage' in wordless))
  assert.ok(!('errorCode' in fieldsOf({})))
})

test('requestParameters and responseElements are null where there are none, other optional fields are absent', () => {
  for (const none of [undefined, {}, { marker: undefined }]) {
    const fields = fieldsOf({ parameters: none, response: none, additional: none, tls: undefined, resources: [] })
    assert.equal(fields.requestParameters, null)
    assert.equal(fields.responseElements, null)
    assert.ok(!('additionalEventData' in fields))
    assert.ok(!('tlsDetails' in fields))
    assert.deepEqual(fields.resources, [])
  }
})

test('Resources keep their order: source key, then destination (audit.md 4.1)', () => {
  const resources = [KEY_ARN, `${KEY_ARN}-2`].map((arn) => ({ type: 'AWS::KMS::Key', account: '111122223333', arn }))
  assert.deepEqual(
    (fieldsOf({ resources }).resources as { ARN: string }[]).map(({ ARN }) => ARN),
    [KEY_ARN, `${KEY_ARN}-2`],
  )
})

test('Whatever a client sends, a record is one line of JSON that says the same, and no field can be forged', () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\r', '\u2028', '","eventName":"'), fc.string()),
  })
  fc.assert(
    fc.property(text, text, text, text, fc.dictionary(text, text), (userAgent, sourceIp, region, message, context) => {
      const line = auditLine({
        ...record,
        userAgent,
        sourceIp,
        region,
        error: { code: 'ValidationException', text: message },
        parameters: { encryptionContext: context },
      })
      assert.ok(!/[\n\r]/.test(line))
      const fields = JSON.parse(line)
      assert.equal(fields.eventName, 'GenerateDataKey')
      assert.equal(fields.sourceIPAddress, sourceIp)
      assert.equal(fields.awsRegion, region)
      assert.deepEqual(fields.requestParameters.encryptionContext, { ...context })
      assert.ok(userAgent.startsWith(fields.userAgent))
      assert.ok(message.startsWith(fields.errorMessage))
    }),
  )
})

test('User agent and error message are cut to 1 KB of UTF-8, never inside of a character', () => {
  for (const character of ['a', 'é', '金', '😀']) {
    const text = character.repeat(2_000)
    const fields = fieldsOf({ userAgent: text, error: { code: 'ValidationException', text } })
    for (const cut of [fields.userAgent, fields.errorMessage] as string[]) {
      const length = Buffer.byteLength(cut)
      assert.ok(length <= 1024 && length > 1020, `${length} bytes`)
      assert.equal(cut, character.repeat(cut.length / character.length))
    }
  }
  assert.equal(fieldsOf({ userAgent: 'b'.repeat(1024) }).userAgent, 'b'.repeat(1024))
})

test('A part beyond its own limit is left out and named: parameters and answer 100 KB, additional data 28 KB', () => {
  const cases = [
    ['requestParameters', 'parameters', 100],
    ['responseElements', 'response', 100],
    ['additionalEventData', 'additional', 28],
  ] as const
  for (const [name, part, kilobytes] of cases) {
    for (const character of ['a', '金']) {
      const size = Buffer.byteLength(character)
      const fits = { text: character.repeat(Math.floor((kilobytes * 1024 - 20) / size)) }
      const whole = fieldsOf({ [part]: fits })
      assert.deepEqual(whole[name], fits)
      assert.equal((whole.additionalEventData as { truncated?: unknown }).truncated, undefined)

      const cut = fieldsOf({ [part]: { text: character.repeat(Math.floor((kilobytes * 1024) / size)) } })
      assert.deepEqual((cut.additionalEventData as { truncated?: unknown }).truncated, [name])
      if (part === 'additional') assert.deepEqual(cut.additionalEventData, { truncated: [name] })
      else assert.equal(cut[name], null)
    }
  }
})

test('A whole record is at most 256 KB; it is cut in the order of audit.md section 1 and never dropped', () => {
  const large = { text: 'x'.repeat(100 * 1024 - 20) }
  // Each part is within its limit; the ARNs make the whole too long.
  const resources = Array.from({ length: 300 }, () => ({
    type: 'AWS::KMS::Key',
    account: '111122223333',
    arn: `${KEY_ARN}${'y'.repeat(100)}`,
  }))
  const line = auditLine({ ...record, parameters: large, response: large, resources })
  assert.ok(Buffer.byteLength(line) <= 256 * 1024)
  const fields = JSON.parse(line)
  assert.equal(fields.requestParameters, null)
  assert.deepEqual(fields.responseElements, large)
  assert.deepEqual(fields.additionalEventData, { keyMaterialId: MATERIAL, truncated: ['requestParameters'] })
  assert.equal(fields.resources.length, 300)

  const more = JSON.parse(
    auditLine({ ...record, parameters: large, response: large, resources: [...resources, ...resources, ...resources] }),
  )
  assert.deepEqual(more.additionalEventData.truncated, ['requestParameters', 'responseElements'])
  assert.equal(more.responseElements, null)
})

test('Service events have no caller and no request (audit.md section 5)', () => {
  const fields = JSON.parse(
    serviceEventLine({
      eventId: record.eventId,
      time: record.time,
      eventName: 'DeleteKey',
      region: 'eu-central-1',
      account: '111122223333',
      keyArn: KEY_ARN,
      response: { keyId: KEY_ARN },
    }),
  )
  assert.deepEqual(fields, {
    eventVersion: '1.11',
    userIdentity: { accountId: '111122223333', invokedBy: 'AWS Internal' },
    eventTime: '2026-03-01T12:34:56Z',
    eventSource: 'kms.amazonaws.com',
    eventName: 'DeleteKey',
    awsRegion: 'eu-central-1',
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: { keyId: KEY_ARN },
    eventID: record.eventId,
    readOnly: false,
    resources: [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: KEY_ARN }],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
  })
  const details = { keyId: KEY_ARN, keyMaterialId: MATERIAL }
  const { serviceEventDetails, responseElements } = JSON.parse(
    serviceEventLine({
      eventId: record.eventId,
      time: record.time,
      eventName: 'DeleteExpiredKeyMaterial',
      region: 'eu-central-1',
      account: '111122223333',
      keyArn: KEY_ARN,
      details,
    }),
  )
  assert.deepEqual(serviceEventDetails, details)
  assert.equal(responseElements, null)
})

test("Dates inside of parameters are Java's default text in UTC (audit.md 4.3)", () => {
  const dates = {
    '2022-08-10T22:38:27Z': 'Aug 10, 2022, 10:38:27 PM',
    '2026-01-02T00:00:00Z': 'Jan 2, 2026, 12:00:00 AM',
    '2026-12-31T12:05:09Z': 'Dec 31, 2026, 12:05:09 PM',
    '2026-05-09T01:59:59.999Z': 'May 9, 2026, 1:59:59 AM',
  }
  for (const [time, text] of Object.entries(dates)) assert.equal(javaDate(Date.parse(time)), text)
})

const ROLE_SESSION: AuditRecord['identity'] = {
  type: 'AssumedRole',
  principalId: 'AROAEXAMPLEEXAMPLE001:build-42',
  arn: 'arn:aws:sts::111122223333:assumed-role/ci/build-42',
  account: '111122223333',
  entityId: 'AROAEXAMPLEEXAMPLE001',
  principalArn: 'arn:aws:iam::111122223333:role/ci',
  accessKeyId: 'ASIAEXAMPLEEXAMPLE01',
  session: { issuedAt: Date.parse('2026-03-01T12:30:00.500Z'), roleName: 'ci' },
}

test("a role's session has the userIdentity of the worked example (audit.md 4.6)", () => {
  const identity =
    '"userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE001:build-42",' +
    '"arn":"arn:aws:sts::111122223333:assumed-role/ci/build-42","accountId":"111122223333","accessKeyId":"ASIAEXAMPLEEXAMPLE01",' +
    '"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE001","arn":"arn:aws:iam::111122223333:role/ci","accountId":"111122223333","userName":"ci"},' +
    '"attributes":{"creationDate":"2026-03-01T12:30:00Z","mfaAuthenticated":"false"}}},'
  assert.ok(auditLine({ ...record, identity: ROLE_SESSION }).includes(identity))
})

function sessionContextOf(identity: AuditRecord['identity']) {
  return (fieldsOf({ identity }).userIdentity as { sessionContext: object }).sessionContext
}

test('a session says who made it: a provider, a source identity, a user who vouches, MFA (audit.md 2)', () => {
  const issuedAt = Date.parse('2026-03-01T12:30:00Z')
  const federatedProvider = 'arn:aws:iam::111122223333:oidc-provider/id.example'
  const web = sessionContextOf({
    ...ROLE_SESSION,
    session: { issuedAt, roleName: 'ci', federatedProvider, sourceIdentity: 'alice' },
  })
  assert.deepEqual(web, {
    sessionIssuer: {
      type: 'Role',
      principalId: 'AROAEXAMPLEEXAMPLE001',
      arn: 'arn:aws:iam::111122223333:role/ci',
      accountId: '111122223333',
      userName: 'ci',
    },
    webIdFederationData: { federatedProvider, attributes: {} },
    attributes: { creationDate: '2026-03-01T12:30:00Z', mfaAuthenticated: 'false' },
    sourceIdentity: 'alice',
  })
  const ofUser = sessionContextOf({ ...record.identity, session: { issuedAt, mfaAuthenticatedAt: issuedAt } })
  assert.deepEqual(ofUser, { attributes: { creationDate: '2026-03-01T12:30:00Z', mfaAuthenticated: 'true' } })
  const federated = {
    type: 'FederatedUser',
    principalId: '111122223333:bob',
    arn: 'arn:aws:sts::111122223333:federated-user/bob',
    account: '111122223333',
    principalArn: 'arn:aws:sts::111122223333:federated-user/bob',
    accessKeyId: 'ASIAEXAMPLEEXAMPLE01',
  } as const
  const issuer = { userName: 'ci', arn: 'arn:aws:iam::111122223333:user/ci' }
  const attributes = { creationDate: '2026-03-01T12:30:00Z', mfaAuthenticated: 'false' }
  assert.deepEqual(
    sessionContextOf({ ...federated, entityId: 'AIDAEXAMPLEEXAMPLE001', session: { issuedAt, issuer } }),
    {
      sessionIssuer: {
        type: 'IAMUser',
        principalId: 'AIDAEXAMPLEEXAMPLE001',
        arn: issuer.arn,
        accountId: '111122223333',
        userName: 'ci',
      },
      attributes,
    },
  )
  assert.deepEqual(sessionContextOf({ ...federated, entityId: '111122223333', session: { issuedAt } }), {
    sessionIssuer: {
      type: 'Root',
      principalId: '111122223333',
      arn: 'arn:aws:iam::111122223333:root',
      accountId: '111122223333',
    },
    attributes,
  })
})

test('a call with a web identity has what the provider said, and nothing of an account before that (audit.md 2)', () => {
  const nobody = { type: 'WebIdentityUser', arn: '', account: '', entityId: '', accessKeyId: '' } as const
  const provider = 'arn:aws:iam::111122223333:oidc-provider/id.example'
  const known = {
    ...nobody,
    principalId: `${provider}:kms:ci`,
    userName: 'ci',
    principalArn: provider,
    account: '111122223333',
  }
  const fields = fieldsOf({ identity: known, service: 'sts', eventName: 'AssumeRoleWithWebIdentity' })
  assert.deepEqual(fields.userIdentity, {
    type: 'WebIdentityUser',
    principalId: `${provider}:kms:ci`,
    userName: 'ci',
    identityProvider: provider,
  })
  assert.equal(fields.eventSource, 'sts.amazonaws.com')
  assert.equal(fields.recipientAccountId, '111122223333')
  const unknown = fieldsOf({ identity: { ...nobody, principalId: '', principalArn: '' }, service: 'sts' })
  assert.deepEqual(unknown.userIdentity, { type: 'WebIdentityUser' })
})

test('the source of an event is its service, also where one caller uses several in one second', () => {
  const sources = (['kms', 'sts', 'iam', 'kms'] as const).map((service) => fieldsOf({ service }).eventSource)
  assert.deepEqual(sources, ['kms.amazonaws.com', 'sts.amazonaws.com', 'iam.amazonaws.com', 'kms.amazonaws.com'])
})
