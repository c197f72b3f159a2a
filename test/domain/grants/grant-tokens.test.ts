/** authorization.md 4.4; docs/formats/grant-token.md. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { createRandomSource } from '../../../src/crypto/random.ts'
import { localRootKey } from '../../../src/crypto/root-key/local-root-key.ts'
import { createGrantTokens } from '../../../src/domain/grants/grant-tokens.ts'
import { createDomainKeys } from '../../../src/domain/keys/domain-keys.ts'
import type { Store } from '../../../src/domain/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import { clock } from '../../contract/store/examples.ts'
import { grantOf } from './grants.ts'

const random = createRandomSource()
const rootKey = localRootKey(random.keyBytes(32))
const invalid = { code: 'InvalidGrantTokenException', text: undefined }

let store: Store
before(async () => {
  store = await openSqliteStore({ path: ':memory:', node: 'test', clock })
})
after(() => store.close())

const newNode = () => createGrantTokens(createDomainKeys(store, rootKey, clock, random), random)

test('before any was made none is valid, and asking changes nothing, so it may be done inside a change', async () => {
  const position = await store.changesPosition()
  await store.change(async () => {
    await assert.rejects(newNode().read('AAAA'), invalid)
  })
  assert.equal(await store.changesPosition(), position)
  assert.equal(await store.newestDomainKey(), undefined)
})

test('a token says which grant it is about, to every node of the installation', async () => {
  const grant = grantOf()
  const token = (await newNode().issuer())(grant)
  const { account, region, keyId, grantId } = grant
  assert.deepEqual(await newNode().read(token), { grantId, account, region, keyId })
})

test('no two tokens are the same, and issuing waits for nothing', async () => {
  const issue = await newNode().issuer()
  const grant = grantOf()
  const tokens = new Set(Array.from({ length: 100 }, () => issue(grant)))
  assert.equal(tokens.size, 100)
})

test('one changed bit, one byte more or less, another spelling: none of it is a token', async () => {
  const node = newNode()
  const token = (await node.issuer())(grantOf())
  const bytes = Buffer.from(token, 'base64')
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      await assert.rejects(node.read(changed.toString('base64')), invalid)
    }),
  )
  for (const length of [0, 1, 31, 32, 76, 77, 78, bytes.length - 1]) {
    await assert.rejects(node.read(bytes.subarray(0, length).toString('base64')), invalid)
  }
  for (const text of ['', 'x', '!', `${token} `, token.replace(/=*$/, ''), bytes.toString('hex'), `${token}AAAA`]) {
    if (text !== token) await assert.rejects(node.read(text), invalid)
  }
})

test('a token of another installation is none', async () => {
  const other = await openSqliteStore({ path: ':memory:', node: 'test', clock })
  const token = (await createGrantTokens(createDomainKeys(other, rootKey, clock, random), random).issuer())(grantOf())
  await newNode().issuer()
  await assert.rejects(newNode().read(token), invalid)
  await other.close()
})

test('the bytes are those of the document', async () => {
  const domainKeys = createDomainKeys(store, rootKey, clock, random)
  const { account, region, keyId, grantId } = grantOf()
  const token = Buffer.from((await createGrantTokens(domainKeys, random).issuer())(grantOf({ grantId })), 'base64')
  const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)])
  const names = Buffer.concat([text(account), text(region), text(keyId)])
  const body = Buffer.concat([Buffer.of(1), token.subarray(1, 13), Buffer.from(grantId, 'hex'), names])
  const mac = createHmac('sha256', await domainKeys.grantTokenKey())
  assert.deepEqual(token, Buffer.concat([body, mac.update(text('kms:grant-token:v1')).update(body).digest()]))
})
