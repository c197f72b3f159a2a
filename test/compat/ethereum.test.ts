/**
 * An Ethereum account whose key never leaves the KMS: @nexusmutual/ethers-v6-aws-kms-signer as it comes. It takes no endpoint,
 * so the SDK's own environment variable points it at Keyhold.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { AwsKmsSigner } from '@nexusmutual/ethers-v6-aws-kms-signer'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { getAddress, JsonRpcProvider, Transaction, verifyMessage, verifyTypedData } from 'ethers'
import {
  type Credentials,
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const region = 'eu-west-1'
const folder = temporaryFolder('ethereum')
let keyhold: KeyholdProcess
let credentials: Credentials
let client: kms.KMSClient
/** Nothing listens there: signing needs no chain. */
const provider = new JsonRpcProvider('http://127.0.0.1:9', 1, { staticNetwork: true })

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
  credentials = readCredentials(folder.path)
  process.env.AWS_ENDPOINT_URL_KMS = keyhold.endpoint
  client = new kms.KMSClient({ region, credentials })
})

after(async () => {
  delete process.env.AWS_ENDPOINT_URL_KMS
  provider.destroy()
  client?.destroy()
  await keyhold?.end()
  folder.remove()
})

async function createSigner(): Promise<{ signer: AwsKmsSigner; address: string }> {
  const kind = { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' } as const
  const { KeyId } = (await client.send(new kms.CreateKeyCommand(kind))).KeyMetadata!
  // The signer is CommonJS and sees that form of the library, whose types are not those of this one.
  const signer = new AwsKmsSigner({ region, ...credentials, kmsKeyId: KeyId! }, provider as never)
  const { PublicKey } = await client.send(new kms.GetPublicKeyCommand({ KeyId }))
  // The last 20 bytes of the hash of x ‖ y, the end of the SPKI.
  const hash = keccak_256(Buffer.from(PublicKey!).subarray(-64))
  return { signer, address: getAddress(`0x${Buffer.from(hash.subarray(-20)).toString('hex')}`) }
}

test('the address that is recovered from signatures of messages is that of the public key', async () => {
  const { signer, address } = await createSigner()
  assert.equal(await signer.getAddress(), address)
  // A signature of any S verifies at once or after the signer has mirrored it: several show both.
  for (const message of Array.from({ length: 16 }, (_, index) => `message ${index}`)) {
    const signature = await signer.signMessage(message)
    assert.equal(verifyMessage(message, signature), address)
    assert.notEqual(verifyMessage(`${message}!`, signature), address)
  }
})

test('a transaction is signed by the account', async () => {
  const { signer, address } = await createSigner()
  const transaction = {
    type: 2,
    chainId: 1,
    nonce: 7,
    to: '0x000000000000000000000000000000000000dEaD',
    value: 10n ** 18n,
    gasLimit: 21_000n,
    maxFeePerGas: 30n * 10n ** 9n,
    maxPriorityFeePerGas: 10n ** 9n,
  }
  const parsed = Transaction.from(await signer.signTransaction({ ...transaction, from: address }))
  assert.equal(parsed.from, address)
  assert.deepEqual([parsed.nonce, parsed.value, parsed.to], [7, 10n ** 18n, transaction.to])
})

test('typed data is signed by the account', async () => {
  const { signer, address } = await createSigner()
  const domain = { name: 'Keyhold', version: '1', chainId: 1 }
  const types = {
    Order: [
      { name: 'item', type: 'string' },
      { name: 'count', type: 'uint256' },
    ],
  }
  const order = { item: 'key', count: 3 }
  const signature = await signer.signTypedData(domain, types, order)
  assert.equal(verifyTypedData(domain, types, order, signature), address)
})
