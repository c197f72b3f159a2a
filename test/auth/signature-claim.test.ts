import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderNames, RequestHeaders } from '../../src/auth/request-headers.ts'
import { claimedService } from '../../src/auth/signature-claim.ts'

const claimed = (authorization: string) => {
  const headers = new RequestHeaders(new HeaderNames(['Authorization']), [authorization])
  return claimedService({ method: 'POST', path: '/', query: '', headers, body: Buffer.alloc(0) })
}

test('the service that a signature is for is part of its credential', () => {
  const rest = '20261122/eu-central-1/sts/aws4_request, SignedHeaders=host, Signature=0'
  assert.equal(claimed(`AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${rest}`), 'sts')
  // AccessKeyIdType of the IAM API: at most 128 characters.
  assert.equal(claimed(`AWS4-HMAC-SHA256 Credential=${'A'.repeat(128)}/${rest}`), 'sts')
  assert.equal(claimed(`AWS4-HMAC-SHA256 Credential=${'A'.repeat(129)}/${rest}`), undefined)
  assert.equal(claimed('AWS4-HMAC-SHA256 SignedHeaders=host'), undefined)
})
