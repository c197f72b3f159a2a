/** Requests that nobody signed, or not so (operations.md 1.6 and authorization.md 5.4). */
import { MINUTE_MS } from '../../../src/base/clock.ts'
import { ACCESS_KEY_ID, authorizationOf, HOST, withAuthorization, withHeader } from '../../auth/signer.ts'
import { type Expected, type HostileCase, MISMATCH, type SignedCase } from './hostile-case.ts'

const UNRECOGNIZED: Expected = {
  status: 400,
  type: 'UnrecognizedClientException',
  text: 'The security token included in the request is invalid.',
}
const MISSING: Expected = {
  status: 400,
  type: 'MissingAuthenticationTokenException',
  text: 'Missing Authentication Token',
}
const BOTH: Expected = {
  status: 400,
  type: 'InvalidSignatureException',
  text: `Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.`,
}

const LONG_AND_UNREADABLE = `[${'0,'.repeat(500_000)}`

const incomplete = (text: string | RegExp): Expected => ({ status: 400, type: 'IncompleteSignatureException', text })
const invalid = (text: string | RegExp): Expected => ({ status: 400, type: 'InvalidSignatureException', text })
const mustBeSigned = (name: string) => invalid(`${name} must be a 'SignedHeader' in the AWS Authorization.`)

type Change = Omit<SignedCase, 'name' | 'expected'>
type Spoil = NonNullable<Change['spoil']>

const replaced =
  (from: string | RegExp, to: string): Spoil =>
  (signed) =>
    withAuthorization(signed, from, to)
const header =
  (name: string, value: string | undefined): Spoil =>
  (signed) =>
    withHeader(signed, name, value)
const added =
  (...more: string[]): Spoil =>
  (signed) => ({ ...signed, rawHeaders: [...signed.rawHeaders, ...more] })
const query =
  (from: string | RegExp, to: string): Spoil =>
  (signed) => ({ ...signed, query: signed.query.replace(from, to) })

const ROWS: Readonly<Record<string, readonly [Change, Expected]>> = {
  'no signature': [{ spoil: header('authorization', undefined) }, MISSING],
  // What is that long is read for those who have proved who they are (see also `bodies.ts`).
  'no signature, and a long body that is no JSON': [
    { body: LONG_AND_UNREADABLE, spoil: header('authorization', undefined) },
    MISSING,
  ],
  'an unknown access key, and a long body that is no JSON': [
    { body: LONG_AND_UNREADABLE, signing: { accessKeyId: 'AKIAIOSFODNN7UNKNOWN' } },
    UNRECOGNIZED,
  ],
  'an empty Authorization': [{ spoil: header('authorization', '') }, MISSING],
  'Basic credentials': [{ spoil: header('authorization', 'Basic dGVzdDp0ZXN0') }, MISSING],
  'a bearer token': [{ spoil: header('authorization', 'Bearer eyJhbGciOiJub25lIn0.e30.') }, MISSING],
  'the algorithm in lower case': [{ spoil: replaced('AWS4-HMAC-SHA256', 'aws4-hmac-sha256') }, MISSING],
  'signature version 2': [{ spoil: header('authorization', 'AWS AKIA:c2ln') }, MISSING],
  'signature version 5': [{ spoil: replaced('AWS4-HMAC', 'AWS5-HMAC') }, MISSING],
  'the algorithm alone': [
    { spoil: header('authorization', 'AWS4-HMAC-SHA256') },
    incomplete(
      `Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256`,
    ),
  ],
  'no credential': [
    { spoil: replaced(/Credential=[^,]*, /, '') },
    incomplete(/^Authorization header requires 'Credential' parameter\. Authorization=/),
  ],
  'an empty credential': [
    { spoil: replaced(/Credential=[^,]*/, 'Credential=') },
    incomplete(/^Authorization header requires 'Credential' parameter\. Authorization=/),
  ],
  'no signed headers': [
    { spoil: replaced(/SignedHeaders=[^,]*, /, '') },
    incomplete(/^Authorization header requires 'SignedHeaders' parameter\. Authorization=/),
  ],
  'no signature parameter': [
    { spoil: replaced(/, Signature=.*/, '') },
    incomplete(/^Authorization header requires 'Signature' parameter\. Authorization=/),
  ],
  'parameter names in lower case': [
    { spoil: replaced('Credential=', 'credential=') },
    incomplete(/^Authorization header requires 'Credential' parameter\. Authorization=/),
  ],
  'parameters with colons': [
    { spoil: replaced(/=/g, ':') },
    incomplete(/^Authorization header requires 'Credential' parameter\. Authorization header requires 'Signature'/),
  ],
  'no date': [
    { spoil: header('x-amz-date', undefined) },
    incomplete(/^Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. Authorization=/),
  ],
  'an empty date': [
    { spoil: header('x-amz-date', '') },
    incomplete(/^Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. Authorization=/),
  ],
  'two dates': [
    { spoil: added('X-Amz-Date', '20150830T123600Z') },
    incomplete(/^Date must be in ISO-8601 'basic format'\. Got '\d{8}T\d{6}Z,20150830T123600Z'\. See/),
  ],
  'two signatures': [
    { spoil: (signed) => added('Authorization', authorizationOf(signed))(signed) },
    incomplete(/^Authorization header requires 'Credential' parameter\. Authorization header requires 'Signature'/),
  ],
  'a forged signature behind a true one': [
    { spoil: added('Authorization', `AWS4-HMAC-SHA256 Signature=${'0'.repeat(64)}`) },
    incomplete(/^Authorization header requires 'Signature' parameter\. Authorization=/),
  ],
  'two targets': [
    { spoil: added('X-Amz-Target', 'TrentService.Decrypt') },
    { status: 400, type: 'UnknownOperationException', text: null },
  ],
  'another target than the signed': [{ spoil: header('x-amz-target', 'TrentService.ListKeys') }, MISMATCH],
  'another host than the signed': [{ spoil: header('host', 'kms.other.test') }, MISMATCH],
  'the host without its port': [{ spoil: header('host', HOST.replace(/:\d+/, '')) }, MISMATCH],
  'a second host': [{ spoil: added('Host', 'kms.other.test') }, MISMATCH],
  'no host': [{ spoil: header('host', undefined) }, MISMATCH],
  'another content type than the signed': [{ spoil: header('content-type', 'application/json') }, MISMATCH],
  'another body than the signed': [
    { spoil: (signed) => ({ ...signed, body: Buffer.from('{"NumberOfBytes":33}') }) },
    MISMATCH,
  ],
  'another path than the signed': [{ spoil: (signed) => ({ ...signed, path: '/other' }) }, MISMATCH],
  'a query that was not signed': [{ spoil: (signed) => ({ ...signed, query: 'a=b' }) }, MISMATCH],
  'a payload hash that claims another body': [{ spoil: header('x-amz-content-sha256', '0'.repeat(64)) }, MISMATCH],
  'an unsigned payload': [
    {
      headers: {
        host: HOST,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'TrentService.GenerateRandom',
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      },
    },
    MISMATCH,
  ],
  'a wrong secret': [{ signing: { secretAccessKey: 'wrong' } }, MISMATCH],
  'an empty secret': [{ signing: { secretAccessKey: ' ' } }, MISMATCH],
  'a signature of zeros': [{ spoil: replaced(/Signature=.*/, `Signature=${'0'.repeat(64)}`) }, MISMATCH],
  'a signature cut short': [{ spoil: replaced(/.$/, '') }, MISMATCH],
  'a signature too long': [{ spoil: replaced(/$/, '00') }, MISMATCH],
  'a signature that is not hex': [{ spoil: replaced(/Signature=.*/, `Signature=${'z'.repeat(64)}`) }, MISMATCH],
  'a signature of one letter': [{ spoil: replaced(/Signature=.*/, 'Signature=x') }, MISMATCH],
  'a signature in base64': [
    { spoil: replaced(/Signature=.*/, 'Signature=NDdERVFwajhIQlNhKy9USW1XKzVKQ2V1UWVSa201Tk1wSldaRzNoU3VGVT0=') },
    MISMATCH,
  ],
  'signed headers in capitals': [
    { spoil: replaced(/SignedHeaders=[^,]*/, 'SignedHeaders=HOST;X-AMZ-CONTENT-SHA256;X-AMZ-DATE;X-AMZ-TARGET') },
    MISMATCH,
  ],
  'a signed header that was not sent': [{ spoil: replaced('SignedHeaders=', 'SignedHeaders=a;') }, MISMATCH],
  'signed headers in another order': [{ spoil: replaced('content-type;host', 'host;content-type') }, MISMATCH],
  'a thousand signed headers': [
    {
      spoil: replaced('SignedHeaders=', `SignedHeaders=${Array.from({ length: 1000 }, (_, n) => `zz${n}`).join(';')};`),
    },
    mustBeSigned(`'Host' or ':authority'`),
  ],
  'the host not signed': [{ spoil: replaced(';host', '') }, mustBeSigned(`'Host' or ':authority'`)],
  'the target not signed': [{ spoil: replaced(';x-amz-target', '') }, mustBeSigned(`'x-amz-target'`)],
  'the date not signed': [{ spoil: replaced(';x-amz-date', '') }, mustBeSigned(`'x-amz-date'`)],
  'a slipped-in x-amz- header': [{ spoil: added('X-Amz-Tagging', 'a=b') }, mustBeSigned(`'X-Amz-Tagging'`)],
  'a slipped-in session token': [{ spoil: added('x-amz-security-token', 'x') }, UNRECOGNIZED],
  'another algorithm': [
    { spoil: replaced('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA512') },
    incomplete(`Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). `),
  ],
  'the asymmetric algorithm': [
    { spoil: replaced('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256') },
    incomplete(`Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). `),
  ],
  'a credential of one part': [
    { spoil: replaced(/Credential=[^,]*/, `Credential=${ACCESS_KEY_ID}`) },
    incomplete(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${ACCESS_KEY_ID}'`,
    ),
  ],
  'a credential of six parts': [
    { spoil: replaced('/kms/', '/kms/kms/') },
    incomplete(
      /^Credential must have exactly 5 slash-delimited elements, e\.g\. keyid\/date\/region\/service\/term, got '/,
    ),
  ],
  'no Region': [
    { spoil: replaced('/eu-central-1/', '//') },
    invalid(`Credential should be scoped to a valid region, not ''. `),
  ],
  'a Region that is none': [
    { spoil: replaced('eu-central-1', 'EU-CENTRAL-1') },
    invalid(`Credential should be scoped to a valid region, not 'EU-CENTRAL-1'. `),
  ],
  'a Region with a path in it': [
    { spoil: replaced('eu-central-1', '..%2f..') },
    invalid(`Credential should be scoped to a valid region, not '..%2f..'. `),
  ],
  'another Region than the signed': [{ spoil: replaced('eu-central-1', 'eu-central-2') }, MISMATCH],
  'another service': [
    { signing: { service: 's3' } },
    invalid(`Credential should be scoped to correct service: 'kms'. `),
  ],
  'the service in capitals': [
    { spoil: replaced('/kms/', '/KMS/') },
    invalid(`Credential should be scoped to correct service: 'kms'. `),
  ],
  'another terminator': [
    { spoil: replaced('aws4_request', 'aws5_request') },
    invalid(`Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. `),
  ],
  'another day than the date': [
    { spoil: replaced(/\/\d{8}\//, '/20150830/') },
    invalid(
      /^Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150830' != '\d{8}', from '\d{8}T\d{6}Z'\.$/,
    ),
  ],
  'everything in the scope wrong': [
    { spoil: replaced(/\/\d{8}\/eu-central-1\/kms\/aws4_request/, '/1/2/3/4') },
    invalid(
      /^Credential should be scoped to a valid region, not '2'\. Credential should be scoped to correct service: 'kms'\. Credential should be scoped with a valid terminator: 'aws4_request', not '4'\. Date in Credential scope does not match YYYYMMDD .*: '1' != '\d{8}', from '\d{8}T\d{6}Z'\.$/,
    ),
  ],
  'an unknown access key': [{ signing: { accessKeyId: 'AKIANOSUCHKEY0000000' } }, UNRECOGNIZED],
  'an access key of SQL': [{ signing: { accessKeyId: `'OR'1'='1` } }, UNRECOGNIZED],
  'an access key of a thousand letters': [{ signing: { accessKeyId: 'A'.repeat(1000) } }, UNRECOGNIZED],
  'an access key named __proto__': [{ signing: { accessKeyId: '__proto__' } }, UNRECOGNIZED],
  'an access key in lower case': [{ signing: { accessKeyId: ACCESS_KEY_ID.toLowerCase() } }, UNRECOGNIZED],
  'no access key': [{ spoil: replaced(`=${ACCESS_KEY_ID}/`, '=/') }, UNRECOGNIZED],
  'a session token with a long-term key': [{ signing: { sessionToken: 'FwoGZXIvYXdzEBYaDK' } }, UNRECOGNIZED],
  'the credentials of development mode': [{ signing: { accessKeyId: 'test', secretAccessKey: 'test' } }, UNRECOGNIZED],
  'an account as access key': [{ signing: { accessKeyId: '111122223333' } }, UNRECOGNIZED],
  'a clock five minutes and more behind': [
    { clockOffMs: -6 * MINUTE_MS },
    invalid(/^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/),
  ],
  'a clock five minutes and more ahead': [
    { clockOffMs: 6 * MINUTE_MS },
    invalid(/^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/),
  ],
  'a clock a year behind': [{ clockOffMs: -365 * 24 * 60 * MINUTE_MS }, invalid(/^Signature expired: /)],
  'a clock a year ahead': [{ clockOffMs: 365 * 24 * 60 * MINUTE_MS }, invalid(/^Signature not yet current: /)],
  'presigned: nothing but the algorithm': [
    {
      spoil: (signed) => ({
        ...withHeader(signed, 'authorization', undefined),
        query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      }),
    },
    incomplete(
      `AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.`,
    ),
  ],
  'presigned: and a header too': [{ presigned: true, spoil: added('Authorization', 'AWS4-HMAC-SHA256 x') }, BOTH],
  'presigned: and another kind of header too': [{ presigned: true, spoil: added('Authorization', 'Basic x') }, BOTH],
  'presigned: no signature': [
    { presigned: true, spoil: query(/&?X-Amz-Signature=[^&]*/, '') },
    incomplete(`AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters.`),
  ],
  'presigned: no credential': [
    { presigned: true, spoil: query(/&?X-Amz-Credential=[^&]*/, '') },
    incomplete(`AWS query-string parameters must include 'X-Amz-Credential'. Re-examine the query-string parameters.`),
  ],
  'presigned: expired': [
    { presigned: true, clockOffMs: -61 * MINUTE_MS },
    invalid(/^Signature expired: .* - 60 min\.\)$/),
  ],
  'presigned: longer than a week': [
    { presigned: true, spoil: query(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604801') },
    incomplete(/^AWS query-string parameter 'X-Amz-Expires' must be from 1 to 604800 seconds\. /),
  ],
  'presigned: an expiry that is no number': [
    { presigned: true, spoil: query(/X-Amz-Expires=\d+/, 'X-Amz-Expires=1e3') },
    incomplete(/^AWS query-string parameter 'X-Amz-Expires' must be from 1 to 604800 seconds\. /),
  ],
  'presigned: a longer expiry than the signed': [
    { presigned: true, spoil: query(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604800') },
    MISMATCH,
  ],
  'presigned: a date in another format': [
    { presigned: true, spoil: query(/X-Amz-Date=[^&]*/, 'X-Amz-Date=now') },
    incomplete(`Date must be in ISO-8601 'basic format'. Got 'now'. See http://en.wikipedia.org/wiki/ISO_8601`),
  ],
  'presigned: another body': [
    { presigned: true, spoil: (signed) => ({ ...signed, body: Buffer.from('{"NumberOfBytes":33}') }) },
    MISMATCH,
  ],
  'presigned: one more parameter': [{ presigned: true, spoil: query(/$/, '&x=y') }, MISMATCH],
  'presigned: a parameter twice': [
    { presigned: true, spoil: query(/$/, '&X-Amz-Algorithm=AWS4-HMAC-SHA256') },
    MISMATCH,
  ],
  'presigned: broken percent-encoding': [{ presigned: true, spoil: query(/$/, '&%zz=%') }, MISMATCH],
  'presigned: line ends in the signed headers': [
    { presigned: true, spoil: query('host', 'host%0Ax-amz-target%3Aa%0A') },
    mustBeSigned(`'Host' or ':authority'`),
  ],
  'presigned: another target': [{ presigned: true, spoil: header('x-amz-target', 'TrentService.ListKeys') }, MISMATCH],
  'presigned: another algorithm': [
    { presigned: true, spoil: query('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1') },
    incomplete(`Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). `),
  ],
}

const DATES = [
  'yesterday',
  '2026-03-01T12:00:00Z',
  'Sun, 01 Mar 2026 12:00:00 GMT',
  '1772366400',
  '20260301',
  '20260301T120000',
  '20260301T120000z',
  '20261301T120000Z',
  '20260230T120000Z',
  '20260301T250000Z',
  '2026x301T120000Z',
  '-0260301T120000Z',
  '20260301T120000Z ,',
  '99999999T999999Z',
]

export const signatures: readonly HostileCase[] = [
  ...Object.entries(ROWS).map(([name, [change, expected]]) => ({
    name: `signature: ${name}`,
    operation: 'GenerateRandom',
    body: '{"NumberOfBytes":32}',
    ...change,
    expected,
  })),
  ...DATES.map((date) => ({
    name: `date: ${date}`,
    operation: 'GenerateRandom',
    spoil: header('x-amz-date', date),
    expected: incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    ),
  })),
]
