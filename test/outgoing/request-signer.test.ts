import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequestSigner } from '../../src/outgoing/request-signer.ts'

test('vector V3 of keystores.md section 8: host and x-amz-date are signed', async () => {
  const sign = createRequestSigner({
    accessKeyId: 'XKSTESTACCESSKEY2345',
    secretAccessKey: 'xksSecretForTestingOnly0123456789abcdefghijklm',
    region: 'eu-west-1',
    service: 'kms-xks-proxy',
  })
  const headers = await sign({
    method: 'POST',
    host: 'xks.example.test',
    path: '/tenant-a/kms/xks/v1/health',
    body: '{"requestMetadata":{"kmsRequestId":"r-1","kmsOperation":"KmsHealthCheck"}}',
    time: Date.UTC(2025, 0, 2, 3, 4, 5),
  })
  const scope = '20250102/eu-west-1/kms-xks-proxy/aws4_request'
  const signature = '7087098d6e3a1be346097435da54b539ef41b0f94a5002c2030d264d45fcf266'
  assert.deepEqual(headers, {
    host: 'xks.example.test',
    'x-amz-date': '20250102T030405Z',
    authorization: `AWS4-HMAC-SHA256 Credential=XKSTESTACCESSKEY2345/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  })
})
