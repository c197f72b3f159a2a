/** authorization.md P-4 to P-7, G-13. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KmsError } from '../../../src/base/errors.ts'
import { bindPrincipals, principalsNamed, showPrincipals } from '../../../src/domain/policy/bind-principals.ts'

const ALICE = 'arn:aws:iam::111122223333:user/alice'
const ROLE = 'arn:aws:iam::111122223333:role/app/R'
const IDS: Readonly<Record<string, string>> = { [ALICE]: 'AIDAALICE00000000001', [ROLE]: 'AROAR0000000000000001' }

const refusal = (principal: string) => new KmsError('MalformedPolicyDocumentException', principal)

function bind(text: string): string {
  return bindPrincipals(text, (principal) => IDS[principal] ?? 'external', refusal)
}

const WRITTEN = `{ "Statement" : [ {
    "Effect": "Allow", "Principal": {"Service":"s3.amazonaws.com",  "AWS": ["${ALICE}", "arn:\\u0061ws:iam::111122223333:role/app/R"]},
    "Action":"kms:*", "Resource":["*","${ALICE}"], "Condition":{"StringEquals":{"AWS":"${ALICE}","Principal":{}}}
  }, {"NotPrincipal":{"AWS":"${ALICE}"},"Effect":"Deny","Sid":"${ALICE}"}, {"Principal":"*"} ], "2":1.00 }`

const BOUND = WRITTEN.replace(`["${ALICE}"`, `["${IDS[ALICE]}"`)
  .replace('"arn:\\u0061ws:iam::111122223333:role/app/R"', `"${IDS[ROLE]}"`)
  .replace(`{"AWS":"${ALICE}"},"Effect"`, `{"AWS":"${IDS[ALICE]}"},"Effect"`)

test('users and roles are bound where they are principals, and nothing else of the text changes', () => {
  assert.equal(bind(WRITTEN), BOUND)
})

test('one statement needs no list', () => {
  const text = `{"Statement":{"Principal":{"AWS":"${ALICE}"}}}`
  assert.equal(bind(text), `{"Statement":{"Principal":{"AWS":"${IDS[ALICE]}"}}}`)
})

test('accounts, sessions, federated users and everyone are not bound (P-5)', () => {
  const principals = [
    '*',
    '111122223333',
    'arn:aws:iam::111122223333:root',
    'arn:aws:sts::111122223333:assumed-role/R/s1',
    'arn:aws:sts::111122223333:federated-user/bob',
  ]
  const text = JSON.stringify({ Statement: { Principal: { AWS: principals } } })
  const answers = bindPrincipals(text, () => 'AIDAX', refusal)
  assert.equal(answers, text)
})

test('a principal that does not exist is refused, one that nobody can know stays (P-6, P-7)', () => {
  const text = JSON.stringify({ Statement: { Principal: { AWS: [ALICE, 'AIDAGONE000000000001'] } } })
  const lookUp = (answers: Record<string, string>) => () =>
    bindPrincipals(text, (principal) => answers[principal] ?? 'unknown', refusal)
  assert.throws(lookUp({ [ALICE]: 'AIDAA' }), {
    code: 'MalformedPolicyDocumentException',
    text: 'AIDAGONE000000000001',
  })
  assert.throws(lookUp({ AIDAGONE000000000001: 'x' }), { code: 'MalformedPolicyDocumentException', text: ALICE })
  assert.equal(lookUp({ [ALICE]: 'external', AIDAGONE000000000001: 'external' })(), text)
})

test('what has to be looked up is named once', () => {
  assert.deepEqual(principalsNamed(WRITTEN), [ALICE, ROLE])
  assert.deepEqual(principalsNamed('{"Statement":{"Principal":{"AWS":["*","111122223333"]}}}'), ['111122223333'])
})

test('answers show ARNs of today, and ids of what is gone (G-13)', () => {
  const arnOf = (id: string) => (id === IDS[ALICE] ? 'arn:aws:iam::111122223333:user/new/alice' : undefined)
  assert.equal(showPrincipals(BOUND, arnOf), BOUND.replaceAll(IDS[ALICE]!, 'arn:aws:iam::111122223333:user/new/alice'))
})

test('binding and showing again gives the text back', () => {
  const principal = fc.constantFrom(ALICE, ROLE, '*', '111122223333', 'arn:aws:iam::111122223333:root')
  const statement = fc.record({
    Sid: fc.string(),
    Principal: fc.record({ AWS: fc.oneof(principal, fc.array(principal)) }),
    Condition: fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.array(fc.string()))),
  })
  const arnOf = (id: string) => Object.keys(IDS).find((arn) => IDS[arn] === id)
  fc.assert(
    fc.property(fc.array(statement), fc.constantFrom(0, 2), (Statement, space) => {
      const text = JSON.stringify({ Statement }, null, space)
      assert.equal(showPrincipals(bind(text), arnOf), text)
    }),
  )
})
