/**
 * A Solana account whose key never leaves the KMS: @solana/keychain-aws-kms as it comes, with transactions of @solana/kit. The
 * signer takes no endpoint, so the SDK's own environment variable points it at Keyhold.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { AwsKmsSigner } from '@solana/keychain-aws-kms'
import {
  type Address,
  appendTransactionMessageInstruction,
  assertIsFullySignedTransaction,
  blockhash,
  compileTransaction,
  createTransactionMessage,
  getAddressDecoder,
  getPublicKeyFromAddress,
  type SignatureBytes,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  verifySignature,
} from '@solana/kit'
import {
  type Credentials,
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const region = 'eu-west-1'
const folder = temporaryFolder('solana')
let keyhold: KeyholdProcess
let credentials: Credentials
let client: kms.KMSClient

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
  credentials = readCredentials(folder.path)
  process.env.AWS_ENDPOINT_URL_KMS = keyhold.endpoint
  client = new kms.KMSClient({ region, credentials })
})

after(async () => {
  delete process.env.AWS_ENDPOINT_URL_KMS
  client?.destroy()
  await keyhold?.end()
  folder.remove()
})

/** An address is the public key itself: the 32 bytes at the end of the SPKI. */
async function createSigner(): Promise<{ signer: AwsKmsSigner; address: Address; keyId: string }> {
  const kind = { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' } as const
  const keyId = (await client.send(new kms.CreateKeyCommand(kind))).KeyMetadata!.KeyId!
  const { PublicKey } = await client.send(new kms.GetPublicKeyCommand({ KeyId: keyId }))
  const address = getAddressDecoder().decode(PublicKey!.subarray(-32))
  return { signer: new AwsKmsSigner({ keyId, publicKey: address, region, credentials }), address, keyId }
}

test('the signer finds its key, and finds it unusable when it is disabled', async () => {
  const { signer, keyId } = await createSigner()
  assert.equal(await signer.isAvailable(), true)
  await client.send(new kms.DisableKeyCommand({ KeyId: keyId }))
  assert.equal(await signer.isAvailable(), false)
  const work = signer.signMessages([{ content: Buffer.from('x'), signatures: {} }])
  await assert.rejects(work, /is disabled/)
})

test('messages are signed by the account', async () => {
  const { signer, address } = await createSigner()
  const contents = ['one', 'two', 'three'].map((text) => new TextEncoder().encode(text))
  const signed = await signer.signMessages(contents.map((content) => ({ content, signatures: {} })))
  const key = await getPublicKeyFromAddress(address)
  for (const [index, signatures] of signed.entries()) {
    const signature = (signatures as Record<string, SignatureBytes>)[address]!
    assert.equal(await verifySignature(key, signature, contents[index]!), true)
    assert.equal(await verifySignature(key, signature, contents[(index + 1) % 3]!), false)
  }
})

test('a transaction is signed by its fee payer', async () => {
  const { signer, address } = await createSigner()
  const lifetime = { blockhash: blockhash('11111111111111111111111111111111'), lastValidBlockHeight: 100n }
  const instruction = {
    programAddress: 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr' as Address,
    data: new TextEncoder().encode('signed by a KMS key'),
  }
  const message = appendTransactionMessageInstruction(
    instruction,
    setTransactionMessageLifetimeUsingBlockhash(
      lifetime,
      setTransactionMessageFeePayer(address, createTransactionMessage({ version: 0 })),
    ),
  )
  const transaction = compileTransaction(message)
  // The signer is built on an older major version of the same library, whose types are others.
  const [signatures] = await signer.signTransactions([transaction as never])
  const complete = { ...transaction, signatures: { ...transaction.signatures, ...signatures } }
  assertIsFullySignedTransaction(complete)
  const signature = (signatures as Record<string, SignatureBytes>)[address]!
  const key = await getPublicKeyFromAddress(address)
  assert.equal(await verifySignature(key, signature, transaction.messageBytes), true)
})
