/**
 * lifecycle.md appendix B, row by row: each statement is tested in this folder (the names of tests cite their rows), tested
 * elsewhere, no behaviour of a server, or not true of Keyhold yet. No row is forgotten, and none is named that there is not.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** Statements in each table. */
const COUNTS: Readonly<Record<string, number>> = { 'B.1': 19, 'B.2': 27, 'B.3': 22, 'B.4': 22, 'B.5': 30 }

/** About reasons, habits, or AWS's own buildings. */
const ADVICE = ['B.1/1', 'B.2/1', 'B.2/27', 'B.3/10', 'B.4/1', 'B.5/1', 'B.5/25']

/** Row → file below `test/` and the name of a test in it. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, name: string]>> = {
  'B.2/9': ['operations/managed-keys.test.ts', 'it rotates every 365 days, and tells of it from the first rotation on'],
  'B.5/10': [
    'operations/managed-keys.test.ts',
    'it rotates every 365 days, and tells of it from the first rotation on',
  ],
  'B.3/6': ['compat/nothing-secret.test.ts', 'no plaintext, data key, random byte or credential is in the store'],
  'B.4/6': ['compat/nothing-secret.test.ts', 'no plaintext, data key, random byte or credential is in the store'],
  'B.3/8': ['crash/kill.test.ts', 'kills under load lose nothing that was answered'],
  'B.4/10': ['operations/managed-keys.test.ts', 'the first DescribeKey of a predefined alias makes the key'],
  'B.3/1': ['services/services.test.ts', 'an AWS managed key: made, used and read through its service'],
  'B.3/2': ['compat/aws-sdk-multi-region.test.ts', 'what is encrypted in one Region decrypts in the other'],
  'B.3/3': ['hsm/store-keys.test.ts', 'is one AES key of the token, with its ARN as label, which cannot be read'],
  'B.3/4': ['compat/access-control.test.ts', 'administrators and users of a key'],
  'B.3/7': ['compat/access-control.test.ts', 'another account'],
  'B.4/19': ['compat/grants.test.ts', 'boto3: temporary access'],
  'B.4/11': ['operations/managed-keys.test.ts', 'what the server keeps for itself never shows in a list (MGD-8)'],
}

/** What is missing: docs/divergences.md. */
const NOT_YET: Readonly<Record<string, string>> = {
  'B.4/7': 'no console',
}

/** Rows that names of tests in this folder cite: `…: B.1/9, B.2/10`. */
function citedRows(): readonly string[] {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts') && name !== 'rows.test.ts')
  const texts = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  const names = texts.flatMap((text) => [...text.matchAll(/^test\(\s*'([^']+)'/gm)].map(([, name]) => name!))
  assert.ok(names.length > 15, 'no tests were found')
  return names.flatMap((name) => {
    const rows = name.match(/B\.[1-5]\/\d+/g)
    assert.ok(rows !== null, `no row is cited: ${name}`)
    return rows
  })
}

test('every row has its place', () => {
  const all = Object.entries(COUNTS).flatMap(([table, count]) =>
    Array.from({ length: count }, (_, index) => `${table}/${index + 1}`),
  )
  const placed = new Set([...citedRows(), ...ADVICE, ...Object.keys(ELSEWHERE), ...Object.keys(NOT_YET)])
  assert.deepEqual(
    all.filter((row) => !placed.has(row)),
    [],
    'rows without a place',
  )
  assert.deepEqual(
    [...placed].filter((row) => !all.includes(row)),
    [],
    'rows that the appendix does not have',
  )
})

test('a row that is not true yet, or is none for a server, is not tested', () => {
  const cited = new Set(citedRows())
  assert.deepEqual(
    [...ADVICE, ...Object.keys(NOT_YET)].filter((row) => cited.has(row)),
    [],
  )
})

test('tests elsewhere are where they are said to be', () => {
  for (const [file, name] of Object.values(ELSEWHERE)) {
    const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8')
    assert.ok(text.includes(name), `${file} has no test "${name}"`)
  }
})
