/** The form of a seed: docs/seed-file.md. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readSeed } from '../../src/seed/seed.ts'
import { SeedError } from '../../src/seed/seed-error.ts'
import { loadSeedFile } from '../../src/seed/seed-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-seed-'))
after(() => rmSync(folder, { recursive: true }))

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const MATERIAL = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const path = join(folder, 'seed.yaml')
const keyWith = (fields: object) => ({ keys: [{ id: ID, ...fields }] })

function load(text: string) {
  writeFileSync(path, text)
  return loadSeedFile(path)
}

test('the example of the documentation is read, all of it', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'seed-file.md'), 'utf8')
  const seed = load(/```yaml\n([\s\S]*?)```/.exec(page)![1]!)
  assert.equal(seed.account, '111122223333')
  assert.equal(seed.region, 'eu-central-1')
  const [first, second] = seed.keys
  assert.equal(first!.keyId, ID)
  assert.equal(first!.description, 'Customer data')
  assert.deepEqual(first!.aliases, ['alias/app', 'alias/app/current'])
  assert.deepEqual(first!.tags, [{ key: 'Stage', value: 'dev' }])
  assert.deepEqual(first!.material, MATERIAL)
  assert.equal(JSON.parse(first!.policy!).Statement[0].Action, 'kms:*')
  assert.equal(first!.enabled, undefined)
  assert.equal(second!.enabled, false)
  assert.equal(second!.region, 'us-east-1')
  assert.equal(second!.material, undefined)
})

test('material is base64 or hex, a policy a mapping or JSON text', () => {
  const base64 = readSeed(keyWith({ material: MATERIAL.toString('base64') })).keys[0]!
  const hex = readSeed(keyWith({ material: MATERIAL.toString('hex').toUpperCase() })).keys[0]!
  assert.deepEqual(base64.material, MATERIAL)
  assert.deepEqual(hex.material, MATERIAL)
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
  }
  const [asText, asMapping] = [readSeed(keyWith({ policy: JSON.stringify(policy) })), readSeed(keyWith({ policy }))]
  assert.equal(asText.keys[0]!.policy, asMapping.keys[0]!.policy)
})

test('an account keeps its leading zeros without quotes in YAML', () => {
  assert.equal(load('account: 000000000012\nkeys: []\n').account, '000000000012')
})

const FAULTS: readonly (readonly [document: unknown, message: string])[] = [
  ['', "the seed: expected a mapping, got ''"],
  [[], 'the seed: expected a mapping, got a list'],
  [{}, 'keys: expected a list of keys, got nothing'],
  [{ keys: {} }, 'keys: expected a list of keys, got a mapping'],
  [{ keys: [], key: [] }, "key: there is no such field; did you mean 'keys'?"],
  [{ keys: [], version: 1 }, 'version: there is no such field; expected one of account, region, keys'],
  [{ keys: [], region: 'Frankfurt' }, "region: expected a Region name such as eu-central-1, got 'Frankfurt'"],
  [{ keys: [], account: 111122223333 }, 'account: expected an account id of 12 digits (in quotes), got 111122223333'],
  [{ keys: ['x'] }, "keys[0]: expected a mapping, got 'x'"],
  [{ keys: [{}] }, 'keys[0].id: expected a UUID in lower case, got nothing'],
  [{ keys: [{ id: ID.toUpperCase() }] }, `keys[0].id: expected a UUID in lower case, got '${ID.toUpperCase()}'`],
  [{ keys: [{ id: `mrk-${'0'.repeat(32)}` }] }, 'keys[0].id: expected a UUID in lower case'],
  [keyWith({ alias: 'alias/app' }), "keys[0].alias: there is no such field; did you mean 'aliases'?"],
  [keyWith({ account: '1' }), 'keys[0].account: expected an account id'],
  [keyWith({ description: 1 }), 'keys[0].description: expected a text of at most 8192 characters, got 1'],
  [keyWith({ description: 'x'.repeat(8193) }), 'keys[0].description: expected a text of at most 8192 characters'],
  [keyWith({ enabled: 'yes' }), "keys[0].enabled: expected true or false, got 'yes'"],
  [keyWith({ aliases: 'alias/app' }), "keys[0].aliases: expected a list of alias names, got 'alias/app'"],
  [keyWith({ aliases: ['alias/a', 'app'] }), "keys[0].aliases[1]: expected a name such as 'alias/app', got 'app'"],
  [keyWith({ aliases: ['alias/aws/s3'] }), "keys[0].aliases[0]: 'alias/aws/s3' is reserved"],
  [keyWith({ tags: ['a'] }), 'keys[0].tags: expected a mapping from tag keys to tag values, got a list'],
  [keyWith({ tags: { a: 1 } }), 'keys[0].tags.a: expected a text of at most 256 characters, got 1'],
  [keyWith({ tags: { 'aws:x': '1' } }), 'keys[0].tags: Tags beginning with aws: are reserved'],
  [keyWith({ spec: 'RSA_1024' }), 'keys[0].spec: expected one of SYMMETRIC_DEFAULT, '],
  [keyWith({ spec: ['HMAC_256'] }), 'keys[0].spec: expected one of '],
  [
    keyWith({ usage: 'SIGN_VERIFY' }),
    "keys[0].usage: expected ENCRYPT_DECRYPT for SYMMETRIC_DEFAULT, got 'SIGN_VERIFY'",
  ],
  [
    keyWith({ spec: 'RSA_2048' }),
    'keys[0].usage: expected one of ENCRYPT_DECRYPT, SIGN_VERIFY for RSA_2048, got nothing',
  ],
  [
    keyWith({ spec: 'ML_DSA_44', material: MATERIAL.toString('hex') }),
    'keys[0].material: that of ML_DSA_44 keys cannot be chosen',
  ],
  [keyWith({ policy: 1 }), 'keys[0].policy: expected a key policy, as JSON text or as a mapping, got 1'],
  [keyWith({ policy: '{' }), 'keys[0].policy: '],
  [keyWith({ policy: { Statement: [{ Effect: 'Permit' }] } }), 'keys[0].policy: Syntax errors in policy.'],
]

for (const [document, message] of FAULTS) {
  test(`refused: ${message}`, () => {
    assert.throws(
      () => readSeed(document),
      (error: Error) => error instanceof SeedError && error.message.startsWith(message) && message !== '',
      message,
    )
  })
}

test('material that is wrong is not shown', () => {
  for (const material of [
    'secret-but-short',
    MATERIAL.toString('hex').slice(1),
    `${MATERIAL.toString('base64')}A`,
    7,
  ]) {
    assert.throws(() => readSeed(keyWith({ material })), {
      message: 'keys[0].material: expected 32 bytes, in base64 or as 64 hex digits',
    })
  }
})

test('material of other specs that is wrong is not shown', () => {
  const pem = (label: string) => `-----BEGIN ${label}-----\n${MATERIAL.toString('base64')}\n-----END ${label}-----\n`
  const privateKeys = ['secret', pem('EC PRIVATE KEY'), pem('ENCRYPTED PRIVATE KEY'), `${pem('PRIVATE KEY')}x`, '', 7]
  for (const material of privateKeys) {
    assert.throws(() => readSeed(keyWith({ spec: 'ECC_SECG_P256K1', material })), {
      message:
        /^keys\[0\]\.material: expected a private key in PKCS #8 without a passphrase, as PEM .* makes it of others$/,
    })
  }
  for (const material of ['secret-', 'abc', '', 7]) {
    assert.throws(() => readSeed(keyWith({ spec: 'HMAC_256', material })), {
      message: 'keys[0].material: expected bytes, in base64 or as hex digits',
    })
  }
})

test('a faulty file is named with the place in it', () => {
  assert.throws(() => load('keys:\n  - id: x\n'), {
    message: `${path}: keys[0].id: expected a UUID in lower case, got 'x'`,
  })
  assert.throws(() => load('keys: []\nkeys: []\n'), { message: `${path}: Map keys must be unique at line 2, column 1` })
  assert.throws(() => load(''), { message: /seed\.yaml: the seed: expected a mapping/ })
  assert.throws(() => loadSeedFile('/nowhere/seed.yaml'), {
    message: /^cannot read the seed \/nowhere\/seed\.yaml: there is no such file/,
  })
})

test('a policy that is in itself is refused', () => {
  assert.throws(() => load(`keys:\n  - id: ${ID}\n    policy: &p { Statement: *p }\n`), {
    message: `${path}: keys[0].policy: expected a key policy that JSON can hold`,
  })
})

test('a file that is no seed is not shown: it may be one with secrets', () => {
  const secret = 'wJalrXUtnFEMI'
  for (const text of [secret, `# title\n\nkey: of\n${secret}\nand:\n- more`, `- ${secret}`, `x: "\n${secret}`]) {
    assert.throws(
      () => load(text),
      ({ message }: Error) => message.startsWith(path) && !message.includes(secret),
    )
  }
})

test('nothing of a file is in a warning of the YAML parser', async (context) => {
  const warnings: Error[] = []
  const note = (warning: Error) => void warnings.push(warning)
  process.on('warning', note)
  context.after(() => process.off('warning', note))
  assert.throws(() => load('? [wJalrXUtnFEMI]\n: x\n'), /there is no such field/)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(warnings, [])
})

test('an asterisk without quotes, which YAML takes for an alias (YAML 1.2.2, 7.1), is named with its place', () => {
  const at = (place: string) => ({ message: `${path}: Text that begins with * needs quotes at ${place}` })
  assert.throws(() => load('users:\n  - name: *alice\n'), at('line 2, column 11'))
  assert.throws(() => load('Effect: Allow\nResource: *\n'), at('line 2, column 11'))
  assert.throws(() => load('keys: [{ id: *x, material: &x y }]\n'), at('line 1, column 14'), 'not before its anchor')
  const aliases = Array.from({ length: 9 }, (_, i) => `k${i + 1}: &k${i + 1} [${`*k${i}, `.repeat(9)}]`)
  const endless = `k0: &k0 x\n${aliases.join('\n')}\n`
  assert.throws(() => load(endless), { message: `${path}: There are too many aliases` })
})
