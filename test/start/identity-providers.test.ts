import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UsageError } from '../../src/config/operator-error.ts'
import { readIdentityProviders } from '../../src/start/identity-providers.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-providers-'))
const path = join(folder, 'providers.yaml')

after(() => rmSync(folder, { recursive: true }))

function read(text: string) {
  writeFileSync(path, text)
  return readIdentityProviders(path)
}

test('a file says what to know of each provider; paths in it start from its folder', () => {
  writeFileSync(join(folder, 'keys.json'), '{"keys":[{"kty":"EC","kid":"a"}]}')
  writeFileSync(join(folder, 'ca.pem'), 'a certificate')
  const providers = read(`
https://kubernetes.default.svc.cluster.local:
  keys: keys.json
https://dex.internal:5556/dex:
  private: true
  ca: ${join(folder, 'ca.pem')}
`)
  assert.deepEqual(providers, [
    {
      url: 'https://kubernetes.default.svc.cluster.local',
      isPrivate: false,
      jwks: { keys: [{ kty: 'EC', kid: 'a' }] },
    },
    { url: 'https://dex.internal:5556/dex', isPrivate: true, ca: 'a certificate' },
  ])
})

test('an empty file says nothing', () => {
  assert.deepEqual(read('# nothing yet\n'), [])
})

test('what cannot be used is named', () => {
  writeFileSync(join(folder, 'none.json'), '{"keys":[]}')
  writeFileSync(join(folder, 'broken.json'), '{')
  writeFileSync(join(folder, 'odd.json'), '{"keys":[7]}')
  const wrong: readonly (readonly [text: string, says: RegExp])[] = [
    ['- https://id.example', /expected names with values/],
    ['https://id.example: yes', /https:\/\/id\.example: expected names with values/],
    ['http://id.example: {}', /expected the https address of an issuer/],
    ['https://id.example: {key: x}', /'key' is none of keys, ca, private/],
    ['https://id.example: {private: perhaps}', /private: expected true or false/],
    ['https://id.example: {keys: 7}', /keys: expected the path of a file/],
    ['https://id.example: {keys: missing.json}', /no such file/],
    ['https://id.example: {keys: broken.json}', /broken\.json: not JSON/],
    ['https://id.example: {keys: none.json}', /at least one key/],
    ['https://id.example: {keys: odd.json}', /JSON Web Key Set malformed/],
    ['https://id.example: {', /cannot use/],
  ]
  for (const [text, says] of wrong) {
    assert.throws(
      () => read(text),
      (error) => error instanceof UsageError && says.test(error.message),
      text,
    )
  }
  assert.throws(() => readIdentityProviders(join(folder, 'missing')), UsageError)
})
