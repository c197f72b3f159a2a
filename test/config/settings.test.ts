/** Settings: flags before environment before file before fallback (issue: "Configuration by flags, environment and file"). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadSettings, parseCommandLine } from '../../src/config/load-settings.ts'
import { UsageError } from '../../src/config/operator-error.ts'
import {
  defaultDataFolder,
  type Environment,
  SETTING_NAMES,
  type SettingName,
  type Settings,
} from '../../src/config/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-settings-'))
after(() => rmSync(folder, { recursive: true }))

interface Given {
  readonly args?: readonly string[]
  readonly env?: Environment
  /** Text of a configuration file. */
  readonly file?: string
  readonly names?: readonly SettingName[]
}

const filePath = join(folder, 'keyhold.yaml')

function load({ args = [], env = {}, file, names = SETTING_NAMES }: Given = {}) {
  if (file !== undefined) writeFileSync(filePath, file)
  const given = file === undefined ? args : [...args, '--config', filePath]
  return loadSettings(names, parseCommandLine(names, given), { env, folder: '/work-folder' })
}

function settings(given: Given): Settings {
  return load(given).settings as Settings
}

/** Message and hint of the usage error that these sources give. */
function errorOf(given: Given): string {
  try {
    load(given)
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error))
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`
  }
  return assert.fail('no error')
}

test('without any source: loopback, port 4599, one worker per core, plain HTTP beyond loopback not allowed', () => {
  const { host, port, workers, allowPlainHttp, tlsCert, account, region, logLevel } = settings({})
  assert.deepEqual(
    { host, port, workers, allowPlainHttp, tlsCert, account, region, logLevel },
    {
      host: '127.0.0.1',
      port: 4599,
      workers: availableParallelism(),
      allowPlainHttp: false,
      tlsCert: undefined,
      account: undefined,
      region: 'us-east-1',
      logLevel: 'info',
    },
  )
})

test('a flag wins over a variable, a variable over the file, the file over the fallback', () => {
  const file = 'port: 1\nhost: 10.0.0.1\nregion: eu-central-1\n'
  const env = { KEYHOLD_PORT: '2', KEYHOLD_HOST: '10.0.0.2' }
  const { port, host, region, workers } = settings({ args: ['--port', '3'], env, file })
  assert.equal(port, 3)
  assert.equal(host, '10.0.0.2')
  assert.equal(region, 'eu-central-1')
  assert.equal(workers, availableParallelism())
})

test('the object is frozen', () => {
  const loaded = settings({}) as { port: number }
  assert.throws(() => {
    loaded.port = 1
  }, TypeError)
})

test('an empty variable and an empty value in the file are none', () => {
  assert.equal(settings({ env: { KEYHOLD_PORT: '' } }).port, 4599)
  assert.equal(settings({ file: 'port:\nhost: ::1\n' }).port, 4599)
})

test('--flag=value, switches and the end of flags are understood', () => {
  assert.equal(settings({ args: ['--port=0', '--allow-plain-http'] }).port, 0)
  assert.equal(settings({ args: ['--allow-plain-http'] }).allowPlainHttp, true)
  assert.equal(settings({ args: ['--allow-plain-http=false'] }).allowPlainHttp, false)
  assert.equal(settings({ env: { KEYHOLD_ALLOW_PLAIN_HTTP: 'yes' } }).allowPlainHttp, true)
  assert.deepEqual(parseCommandLine(['port'], ['a', '--port', '1', '--', '--b']).positionals, ['a', '--b'])
  assert.equal(parseCommandLine(['port'], ['-h']).help, true)
})

test('an account keeps its leading zeros, in the file too', () => {
  assert.equal(settings({ file: 'account: 000000000012\n' }).account, '000000000012')
})

test('an IPv6 address may have the brackets that a URL needs', () => {
  assert.equal(settings({ args: ['--host', '[::1]'] }).host, '::1')
  assert.equal(settings({ args: ['--host', '::1'] }).host, '::1')
})

test('relative paths start from the working folder, those in the file from the file', () => {
  assert.equal(settings({ args: ['--data', 'here'] }).data, '/work-folder/here')
  assert.equal(settings({ env: { KEYHOLD_DATA: 'there' } }).data, '/work-folder/there')
  assert.equal(settings({ file: 'tls-cert: cert.pem\n' }).tlsCert, join(folder, 'cert.pem'))
  assert.equal(settings({ args: ['--data', '/abs'] }).data, '/abs')
})

test('the configuration file can be named by a variable', () => {
  writeFileSync(filePath, 'port: 7\n')
  assert.equal(settings({ env: { KEYHOLD_CONFIG: filePath } }).port, 7)
})

test('data goes to the XDG data folder, wherever the program is started', () => {
  assert.equal(defaultDataFolder({ XDG_DATA_HOME: '/x' }), '/x/keyhold')
  // The specification has relative paths ignored.
  assert.match(defaultDataFolder({ XDG_DATA_HOME: 'x' }), /\.local\/share\/keyhold$/)
})

const WRONG_VALUES: readonly (readonly [given: Given, message: string])[] = [
  [{ args: ['--port', '65536'] }, "--port: expected a whole number from 0 to 65535, got '65536'"],
  [{ args: ['--port', '80x'] }, "--port: expected a whole number from 0 to 65535, got '80x'"],
  [{ args: ['--port=-1'] }, "--port: expected a whole number from 0 to 65535, got '-1'"],
  [{ env: { KEYHOLD_PORT: '1.5' } }, "KEYHOLD_PORT: expected a whole number from 0 to 65535, got '1.5'"],
  [{ file: 'port: many\n' }, `${filePath}: port: expected a whole number from 0 to 65535, got 'many'`],
  [{ args: ['--workers', '0'] }, "--workers: expected a whole number from 1 to 256, got '0'"],
  [{ args: ['--host', 'a b'] }, "--host: expected a host name or an IP address, got 'a b'"],
  [{ args: ['--host', 'http://x'] }, "--host: expected a host name or an IP address, got 'http://x'"],
  [{ args: ['--account', '123'] }, "--account: expected an account id of 12 digits, got '123'"],
  [{ args: ['--region', 'Frankfurt'] }, "--region: expected a Region name such as eu-central-1, got 'Frankfurt'"],
  [{ args: ['--root-key', 'hsm'] }, "--root-key: expected file, passphrase, kms, pkcs11 or shares, got 'hsm'"],
  [{ args: ['--log-level', 'x'] }, "--log-level: expected debug, info, warn, error or silent, got 'x'"],
  [{ args: ['--allow-plain-http=maybe'] }, "--allow-plain-http: expected true or false, got 'maybe'"],
  [{ args: ['--data', ''] }, "--data: expected a path, got ''"],
  [{ args: ['--port'] }, '--port: a value is missing, expected a whole number from 0 to 65535'],
  [{ args: ['--host', '--port', '1'] }, '--host: a value is missing, expected a host name or an IP address'],
  [{ file: 'port: [1, 2]\n' }, `${filePath}: port: expected one value, got a list or a mapping`],
  [
    { file: 'workers: 0\n', names: ['config', 'data'] },
    `${filePath}: workers: expected a whole number from 1 to 256, got '0'`,
  ],
  [{ file: '- port\n' }, `${filePath}: expected settings, one a line (write them like this: port: 4599)`],
]

for (const [given, message] of WRONG_VALUES) {
  test(`refused: ${message.replace(`${folder}/`, '')}`, () => assert.equal(errorOf(given), message))
}

test('a mistyped flag, key or command is answered with what was probably meant', () => {
  assert.equal(errorOf({ args: ['--prot', '1'] }), 'there is no flag --prot (did you mean --port?)')
  assert.equal(errorOf({ args: ['--tlscert', 'x'] }), 'there is no flag --tlscert (did you mean --tls-cert?)')
  assert.equal(errorOf({ args: ['--frobnicate'] }), 'there is no flag --frobnicate (add --help to see the flags)')
  assert.equal(errorOf({ file: 'prot: 1\n' }), `${filePath}: there is no setting 'prot' (did you mean 'port'?)`)
  assert.match(errorOf({ file: 'passphrase: x\n' }), /there is no setting 'passphrase'/)
})

test('a flag of another command is refused as such, a single dash is no flag', () => {
  assert.match(errorOf({ args: ['--seed', 'x'], names: ['port'] }), /^this command has no flag --seed/)
  assert.match(errorOf({ args: ['-p', '1'] }), /^there is no flag -p/)
})

test('no secret can be given by flag or file', () => {
  assert.match(errorOf({ args: ['--passphrase', 'x'] }), /^there is no flag --passphrase/)
  assert.match(errorOf({ file: 'secret-access-key: x\n' }), /there is no setting 'secret-access-key'/)
})

test('a file that is missing or not YAML is named', () => {
  assert.match(
    errorOf({ args: ['--config', '/nowhere/k.yaml'] }),
    /^--config: cannot read \/nowhere\/k.yaml: there is no such file/,
  )
  assert.match(errorOf({ file: 'port: 1\nport: 2\n' }), /keyhold.yaml: Map keys must be unique at line 2, column 1$/)
  assert.match(errorOf({ file: 'port: "1\n' }), /keyhold.yaml: Missing closing "quote at line \d/)
})

test('the variable that Kubernetes makes for a Service called keyhold is explained', () => {
  assert.match(errorOf({ env: { KEYHOLD_PORT: 'tcp://10.0.0.1:4599' } }), /enableServiceLinks: false/)
})

test('a mistyped variable is warned about, an unrelated one is not', () => {
  const env = { KEYHOLD_DTA: '/x', KEYHOLD_PASSPHRASE: 'x', KEYHOLD_SERVICE_HOST: 'x', OTHER: 'x' }
  assert.deepEqual(load({ env }).warnings, ['KEYHOLD_DTA is not read; did you mean KEYHOLD_DATA?'])
})
