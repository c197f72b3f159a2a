/** AWS's published SigV4 test suite (service `service`, so below the authenticator, which knows `kms` alone). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalRequestHash } from '../../src/auth/canonical-request.ts'
import { readQuery } from '../../src/auth/query-parameters.ts'
import { RequestHeaders } from '../../src/auth/request-headers.ts'
import { signatureTerms } from '../../src/auth/signature-terms.ts'
import { deriveSigningKey, equalSignatures, sign } from '../../src/auth/signing-key.ts'

const DATE = '20150830T123600Z'
const SECRET = Buffer.from('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
const COMMON = ['Host', 'example.amazonaws.com', 'X-Amz-Date', DATE]
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

interface Vector {
  readonly name: string
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly headers?: readonly string[]
  readonly body?: string
  readonly signed?: string
  readonly signature: string
}

const VECTORS: readonly Vector[] = [
  { name: 'get-vanilla', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'get-header-key-duplicate',
    headers: [...COMMON, 'My-Header1', 'value2', 'My-Header1', 'value2', 'My-Header1', 'value1'],
    signed: 'host;my-header1;x-amz-date',
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  {
    name: 'get-header-value-order',
    headers: [
      ...COMMON,
      'My-Header1',
      'value4',
      'My-Header1',
      'value1',
      'My-Header1',
      'value3',
      'My-Header1',
      'value2',
    ],
    signed: 'host;my-header1;x-amz-date',
    signature: '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  },
  {
    name: 'get-header-value-trim',
    headers: [...COMMON, 'My-Header1', ' value1', 'My-Header2', ' "a   b   c"'],
    signed: 'host;my-header1;my-header2;x-amz-date',
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'get-unreserved',
    path: `/${UNRESERVED}`,
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  {
    name: 'get-utf8',
    path: '/ሴ',
    signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  },
  {
    name: 'get-slash-dot-slash',
    path: '/./',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'get-relative-relative',
    path: '/example1/example2/../..',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'get-vanilla-empty-query-key',
    query: 'Param1=value1',
    signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    query: 'Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-vanilla-query-unreserved',
    query: `${UNRESERVED}=${UNRESERVED}`,
    signature: '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  },
  {
    name: 'get-vanilla-utf8-query',
    query: '%E1%88%B4=bar',
    signature: '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-vanilla-query',
    method: 'POST',
    query: 'Param1=value1',
    signature: '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  },
  {
    name: 'post-vanilla-query-nonunreserved',
    method: 'POST',
    query: '%40%23%24%25%5E=&%2B=%2F%2C%3F%3E%3C%60%22%3B%3A%5C%7C%5D%5B%7B%7D',
    signature: '66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e',
  },
  {
    name: 'post-header-key-sort',
    method: 'POST',
    headers: [...COMMON, 'My-Header1', 'value1'],
    signed: 'host;my-header1;x-amz-date',
    signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  },
  {
    name: 'post-header-value-case',
    method: 'POST',
    headers: [...COMMON, 'My-Header1', 'VALUE1'],
    signed: 'host;my-header1;x-amz-date',
    signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    headers: [...COMMON, 'Content-Type', 'application/x-www-form-urlencoded'],
    signed: 'content-type;host;x-amz-date',
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
  {
    name: 'post-x-www-form-urlencoded-parameters',
    method: 'POST',
    headers: [...COMMON, 'Content-Type', 'application/x-www-form-urlencoded; charset=utf8'],
    signed: 'content-type;host;x-amz-date',
    body: 'Param1=value1',
    signature: '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
  },
]

for (const vector of VECTORS) {
  test(`AWS's vector ${vector.name}`, () => {
    const terms = signatureTerms(
      'AWS4-HMAC-SHA256',
      'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request',
      vector.signed ?? 'host;x-amz-date',
    )
    const request = {
      method: vector.method ?? 'GET',
      path: vector.path ?? '/',
      query: vector.query ?? '',
      headers: RequestHeaders.of(vector.headers ?? COMMON),
      body: Buffer.from(vector.body ?? ''),
    }
    const hash = canonicalRequestHash(request, terms, vector.query === undefined ? undefined : readQuery(vector.query))
    const computed = sign(deriveSigningKey(SECRET, terms.scope!), DATE, terms.scope!.text, hash)
    assert.equal(computed, vector.signature)
    assert.ok(equalSignatures(vector.signature, computed))
  })
}

test('the worked example of the IAM user guide, from the hash of its canonical request to the signature', () => {
  const scope = { day: '20150830', region: 'us-east-1', service: 'iam', terminator: 'aws4_request' }
  const computed = sign(
    deriveSigningKey(SECRET, scope),
    DATE,
    '20150830/us-east-1/iam/aws4_request',
    'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59',
  )
  assert.equal(computed, '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7')
})

test('what is not 32 bytes of hex equals no signature (SEC-4)', () => {
  const signature = VECTORS[0]!.signature
  assert.ok(equalSignatures(signature.toUpperCase(), signature))
  for (const wrong of ['', signature.slice(2), `${signature}00`, `${signature.slice(0, 62)}zz`, 'x'.repeat(64)]) {
    assert.equal(equalSignatures(wrong, signature), false, wrong)
  }
  assert.equal(equalSignatures('', ''), false)
})
