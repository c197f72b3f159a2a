/**
 * A KMS v2 plugin and a server, each a process, called in the order in which kube-apiserver calls (k8s.io/apiserver: encryptionconfig, kmsv2): Status once a minute,
 * Encrypt of a seed of 32 bytes when key_id is new, Decrypt of what others wrote. By gRPC's own libraries: grpc-go, dialled as kube-apiserver does, and
 * that for Python, over gRPC's core in C. Command line and policy are those of docs/kubernetes.md.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as iam from '@aws-sdk/client-iam'
import * as kms from '@aws-sdk/client-kms'
import { parse } from 'yaml'
import {
  type KeyholdProcess,
  readCredentials,
  runKeyhold,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'
import { selfSigned } from '../wire/self-signed.ts'

const HERE = import.meta.dirname
const REGION = 'eu-west-1'
const POLL_MS = 200
const POLLS_MAX = 150

interface Answer {
  readonly version?: string
  readonly healthz?: string
  readonly key_id?: string
  readonly ciphertext?: string
  readonly plaintext?: string
  readonly code?: string
  readonly details?: string
}

interface ApiServer {
  call(method: string, fields?: object): Promise<Answer>
  end(): void
}

/** @param command of a client that answers lines with lines */
function apiServer(command: readonly string[]): ApiServer {
  const child: ChildProcess = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return {
    async call(method, fields = {}) {
      child.stdin!.write(`${JSON.stringify({ method, ...fields })}\n`)
      const { value } = await lines.next()
      const answer = JSON.parse(value as string) as Answer
      // Go writes FailedPrecondition, Python FAILED_PRECONDITION.
      const code = answer.code?.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
      return code === undefined ? answer : { ...answer, code }
    },
    end: () => void child.stdin!.end(),
  }
}

const shared = temporaryFolder('kubernetes')
chmodSync(shared.path, 0o755)
const data = join(shared.path, 'data')
const credentialsFile = join(shared.path, 'credentials')

const authorityFile = join(shared.path, 'authority.pem')

let keyhold: KeyholdProcess
let client: kms.KMSClient
let users: iam.IAMClient

const page = readFileSync(join(HERE, '..', '..', 'docs', 'kubernetes.md'), 'utf8')

/** What stands between a line that begins so and the next fence. */
function fenced(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)![1]!
}

/** The command of the page's unit, with values of the test's own. */
function commandLine(values: Readonly<Record<string, string>>): readonly string[] {
  const [, words] = /^ExecStart=\S+ \S+main\.js ((?:.*\\\n)*.*)$/m.exec(fenced('ini'))!
  const args = words!.replaceAll('\\\n', ' ').split(/ +/)
  return args.map((word, index) => values[args[index - 1]!] ?? word)
}

const startServer = (port: string) =>
  startKeyholdProcess([
    'start',
    '--data',
    data,
    '--port',
    port,
    '--workers',
    '1',
    '--console',
    'no',
    '--region',
    REGION,
  ])

before(async () => {
  keyhold = await startServer('0')
  const { endpoint } = keyhold
  const credentials = readCredentials(data)
  client = new kms.KMSClient({ endpoint, region: REGION, credentials })
  users = new iam.IAMClient({ endpoint, region: 'us-east-1', credentials })
  await users.send(new iam.CreateUserCommand({ UserName: 'kubernetes' }))
  const { AccessKey } = await users.send(new iam.CreateAccessKeyCommand({ UserName: 'kubernetes' }))
  const { AccessKeyId, SecretAccessKey } = AccessKey!
  const text = `[kubernetes]\naws_access_key_id = ${AccessKeyId}\naws_secret_access_key = ${SecretAccessKey}\n`
  writeFileSync(credentialsFile, text, { mode: 0o600 })
  writeFileSync(authorityFile, selfSigned('localhost').cert)
})

after(async () => {
  client.destroy()
  users.destroy()
  await keyhold.end()
  shared.remove()
})

const pythons = ['python3', '/usr/bin/python3']
const python = pythons.find((name) => spawnSync(name, ['-c', 'import grpc, google.protobuf']).status === 0)
const GO_PATH = '/usr/share/gocode'
const hasGo = existsSync(join(GO_PATH, 'src/google.golang.org/grpc')) && spawnSync('go', ['version']).status === 0

function goClient(socket: string): readonly string[] {
  const program = join(shared.path, 'kubernetes-client')
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPATH: GO_PATH }
  const built = spawnSync('go', ['build', '-o', program, join(HERE, 'kubernetes-client.go')], { encoding: 'utf8', env })
  assert.equal(built.status, 0, built.stderr)
  return [program, socket]
}

const CLIENTS = [
  {
    name: 'grpc-go',
    command: goClient,
    skip: hasGo ? false : 'Go and its gRPC (golang-go, golang-google-grpc-dev) are not installed here',
  },
  {
    name: 'python',
    command: (socket: string) => [python!, join(HERE, 'kubernetes-client.py'), socket],
    skip: python === undefined ? "Python's grpcio and protobuf are not installed here" : false,
  },
]

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let polls = 0; polls < POLLS_MAX; polls++) {
    if (await isSo()) return
    await sleep(POLL_MS)
  }
  assert.fail(`not within ${POLLS_MAX} polls: ${what}`)
}

test('the page’s configuration of the API server is of version v2 and names the socket of its unit', () => {
  const { apiVersion, kind, resources } = parse(fenced('yaml'))
  assert.deepEqual([apiVersion, kind], ['apiserver.config.k8s.io/v1', 'EncryptionConfiguration'])
  const [{ kms: provider }, last] = resources[0].providers
  const socket = /--socket (\S+)/.exec(fenced('ini'))![1]
  assert.deepEqual(provider, { apiVersion: 'v2', name: 'keyhold', endpoint: `unix://${socket}`, timeout: '3s' })
  assert.deepEqual(last, { identity: {} })
})

for (const { name, command, skip } of CLIENTS) {
  test(`${name}: the life of a cluster's seed`, { skip }, async (context) => {
    const KeyId = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.Arn!
    const socket = join(shared.path, `${name}.sock`)
    const { endpoint } = keyhold
    const policy = fenced('json')
      .replace(/"arn:aws:kms:[^"]+"/, JSON.stringify(KeyId))
      .replace('production', name)
    const inline = { UserName: 'kubernetes', PolicyName: 'secrets', PolicyDocument: policy }
    await users.send(new iam.PutUserPolicyCommand(inline))
    const args = commandLine({
      ...{ '--socket': socket, '--key': KeyId, '--endpoint': endpoint, '--credentials': credentialsFile },
      ...{ '--encryption-context': `cluster=${name}`, '--tls-ca': authorityFile },
    })
    const startPlugin = () => startKeyholdProcess(args)
    let plugin = await startPlugin()
    context.after(() => plugin.end('SIGKILL'))
    assert.equal(plugin.endpoint, `unix://${socket}`)
    const api = apiServer(command(socket))
    context.after(() => api.end())

    const seed = randomBytes(32).toString('base64')
    const encrypt = (uid: string) => api.call('Encrypt', { plaintext: seed, uid })
    const decrypt = ({ ciphertext, key_id }: Answer, more = {}) =>
      api.call('Decrypt', { ciphertext, key_id, uid: 'a-reader', annotations: {}, ...more })

    // The start of an API server.
    const status = await api.call('Status')
    const { CurrentKeyMaterialId } = (await client.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata!
    assert.deepEqual(status, { version: 'v2', healthz: 'ok', key_id: `${KeyId}#${CurrentKeyMaterialId}` })
    const first = await encrypt('first')
    assert.equal(first.key_id, status.key_id)
    assert.ok(Buffer.from(first.ciphertext!, 'base64').length <= 1024)
    assert.equal((await decrypt(first)).plaintext, seed)
    assert.deepEqual(await api.call('Status'), status)

    // A rotation, met by an API server that starts: its first seed is not under the key_id of Status and is thrown away, its next is kept.
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))
    const early = await encrypt('early')
    assert.notEqual(early.key_id, first.key_id)
    const rotated = await api.call('Status')
    assert.equal(rotated.key_id, early.key_id)
    const second = await encrypt('second')
    assert.equal(second.key_id, rotated.key_id)
    for (const written of [first, second]) assert.equal((await decrypt(written)).plaintext, seed)

    // What somebody put into etcd.
    assert.equal((await decrypt({ ...first, ciphertext: 'AAAA' })).code, 'INVALID_ARGUMENT')
    assert.equal((await decrypt({ ...first, key_id: 'arn:aws:kms:eu-west-1:1:key/x' })).code, 'INVALID_ARGUMENT')

    // The key is disabled: nothing says that all is well, and nothing is lost.
    await client.send(new kms.DisableKeyCommand({ KeyId }))
    const refused = await encrypt('disabled')
    assert.equal(refused.code, 'FAILED_PRECONDITION')
    assert.match(refused.details!, /DisabledException/)
    assert.equal((await api.call('Status')).code, 'FAILED_PRECONDITION')
    assert.equal((await decrypt(first)).code, 'FAILED_PRECONDITION')
    await client.send(new kms.EnableKeyCommand({ KeyId }))
    await until('Status is well again', async () => (await api.call('Status')).healthz === 'ok')
    assert.equal((await decrypt(first)).plaintext, seed)
    assert.equal((await api.call('Status')).key_id, rotated.key_id)

    // The server is away, and comes back.
    await keyhold.end()
    assert.equal((await decrypt(first)).code, 'UNAVAILABLE')
    assert.equal((await encrypt('away')).code, 'UNAVAILABLE')
    assert.equal((await api.call('Status')).code, 'UNAVAILABLE')
    // A caller that waits 500 ms gets its own deadline.
    assert.equal((await decrypt(first, { timeout: 0.5 })).code, 'DEADLINE_EXCEEDED')
    keyhold = await startServer(new URL(endpoint).port)
    await until('Status is well again', async () => (await api.call('Status')).healthz === 'ok')
    assert.equal((await decrypt(second)).plaintext, seed)

    // One socket, one plugin; a killed one leaves a socket that the next replaces, and API servers go on.
    const another = runKeyhold(args)
    assert.equal(another.status, 1)
    assert.match(another.stderr, /another process listens on/)
    await plugin.end('SIGKILL')
    assert.ok(existsSync(socket))
    const before = plugin.output()
    plugin = await startPlugin()
    // The first call may be on the connection that has just ended.
    await until('decrypted again', async () => (await decrypt(first, { timeout: 20 })).plaintext === seed)
    assert.equal((await api.call('Status')).key_id, rotated.key_id)

    // Nobody else gets at it.
    assert.equal(lstatSync(socket).mode & 0o777, 0o600)
    if (process.getuid?.() === 0) {
      const connect = `require('net').connect(${JSON.stringify(socket)}).on('error', (e) => console.log(e.code)).on('connect', () => process.exit())`
      const { stdout } = spawnSync(process.execPath, ['-e', connect], { encoding: 'utf8', uid: 65534, gid: 65534 })
      assert.equal(stdout.trim(), 'EACCES')
    }

    assert.equal(await plugin.end('SIGTERM'), 0)
    assert.equal(existsSync(socket), false)
    for (const output of [before, plugin.output()]) {
      assert.ok(!output.includes(seed), 'no seed in the log')
      assert.ok(!/aws_secret|SecretAccessKey/i.test(output), 'no credentials in the log')
    }
  })
}
