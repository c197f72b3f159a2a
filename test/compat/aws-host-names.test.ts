/**
 * Clients whose endpoint nobody can set: they call AWS's own names, which a hosts file or the network's DNS leads to Keyhold. The names
 * are those that AWS documents for its Regions, for FIPS and for IPv6 (General Reference, service endpoints); the SDK makes them.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { ACCOUNT } from '../support/harness.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY, startTestServer, type TestServer } from '../support/test-server.ts'
import { selfSigned } from '../wire/self-signed.ts'

const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }
const folder = temporaryFolder('names')
const { cert, key } = selfSigned('names')
const tls = { cert: join(folder.path, 'cert.pem'), key: join(folder.path, 'key.pem') }
let server: TestServer

before(async () => {
  writeFileSync(tls.cert, cert)
  writeFileSync(tls.key, key)
  server = await startTestServer({ tls })
})

after(async () => {
  await server.stop()
  folder.remove()
})

/** What a hosts file does: every name is this server. The name itself goes on in `Host` and in TLS. */
function everyNameIsHere(called: (name: string) => void): NodeHttpHandler {
  const httpsAgent = new Agent()
  httpsAgent.createConnection = ({ servername }) => {
    called(servername!)
    const { port } = server
    return connect({ host: '127.0.0.1', port, servername, ca: cert, checkServerIdentity: () => undefined })
  }
  return new NodeHttpHandler({ httpsAgent })
}

const SETTINGS = [
  { region: 'eu-west-1', kms: 'kms.eu-west-1.amazonaws.com', sts: 'sts.eu-west-1.amazonaws.com' },
  {
    region: 'us-east-1',
    useFipsEndpoint: true,
    kms: 'kms-fips.us-east-1.amazonaws.com',
    sts: 'sts-fips.us-east-1.amazonaws.com',
  },
  { region: 'eu-west-1', useDualstackEndpoint: true, kms: 'kms.eu-west-1.api.aws', sts: 'sts.eu-west-1.api.aws' },
  {
    region: 'us-east-1',
    useFipsEndpoint: true,
    useDualstackEndpoint: true,
    kms: 'kms-fips.us-east-1.api.aws',
    sts: 'sts-fips.us-east-1.api.aws',
  },
  { region: 'cn-north-1', kms: 'kms.cn-north-1.amazonaws.com.cn', sts: 'sts.cn-north-1.amazonaws.com.cn' },
]

for (const { kms, sts, ...settings } of SETTINGS) {
  test(`an SDK without an endpoint calls ${kms} and ${sts}`, async () => {
    const names: string[] = []
    const requestHandler = everyNameIsHere((name) => names.push(name))
    const common = { ...settings, credentials, requestHandler, maxAttempts: 1 }
    assert.deepEqual((await new KMSClient(common).send(new ListKeysCommand({}))).Keys, [])
    assert.equal((await new STSClient(common).send(new GetCallerIdentityCommand({}))).Account, ACCOUNT)
    assert.deepEqual(names, [kms, sts])
    requestHandler.destroy()
  })
}

test('IAM, which has one name for all Regions', async () => {
  const names: string[] = []
  const requestHandler = everyNameIsHere((name) => names.push(name))
  const iam = new IAMClient({ region: 'eu-west-1', credentials, requestHandler, maxAttempts: 1 })
  assert.equal((await iam.send(new ListUsersCommand({}))).Users![0]!.UserName, 'alice')
  assert.deepEqual(names, ['iam.amazonaws.com'])
  requestHandler.destroy()
})
