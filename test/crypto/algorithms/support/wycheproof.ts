/** Wycheproof's vectors: each file's cases with their verdict. They lie beside the repository and are no part of it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'

const FOLDER = join(import.meta.dirname, '../../../../../shared/vectors/wycheproof')
const SKIP = existsSync(FOLDER) ? false : 'no vectors in ../shared/vectors/wycheproof'

export interface Case {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
  /** All other members of this interface are hex and present where the file's kind has them. */
  readonly msg: string
  readonly sig: string
  readonly ct: string
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly tag: string
  readonly label: string
  readonly ctx?: string
  readonly public: string
  readonly private: string
  readonly shared: string
}

export interface Group {
  readonly publicKeyDer: string
  readonly publicKey: unknown
  readonly privateKeyPkcs8: string
  readonly sha: string
  readonly sLen: number
  readonly keySize: number
  readonly tagSize: number
  readonly ivSize: number
  readonly tests: readonly Case[]
}

/** What our code did with a case: took it, refused it, or the case is about something that the API does not have. */
export type Outcome = 'accepted' | 'refused' | 'not ours'

export type RunCase = (group: Group, vector: Case) => Promise<Outcome> | Outcome

function check(vector: Case, outcome: Outcome): void {
  const where = `case ${vector.tcId} (${vector.comment}; ${vector.flags.join(', ')})`
  if (vector.result === 'valid') assert.equal(outcome, 'accepted', where)
  if (vector.result === 'invalid') assert.equal(outcome, 'refused', where)
}

/** Runs every case of `files`; fails where a verdict is not respected, or nothing ran. */
export function testVectors(name: string, files: readonly string[], run: RunCase): void {
  test(name, { skip: SKIP }, async (context) => {
    for (const file of files) await runFile(context, file, run)
  })
}

async function runFile(context: TestContext, file: string, run: RunCase): Promise<void> {
  const { testGroups } = JSON.parse(readFileSync(join(FOLDER, `${file}_test.json`), 'utf8')) as {
    testGroups: readonly Group[]
  }
  const counts = { valid: 0, invalid: 0, acceptable: 0, 'not ours': 0 }
  for (const group of testGroups) {
    for (const vector of group.tests) {
      const outcome = await run(group, vector)
      if (outcome !== 'not ours') check(vector, outcome)
      counts[outcome === 'not ours' ? outcome : vector.result]++
    }
  }
  const { valid, invalid, acceptable } = counts
  context.diagnostic(
    `${file}: ${valid} valid, ${invalid} invalid, ${acceptable} acceptable, ${counts['not ours']} not ours`,
  )
  assert.ok(valid > 0 && invalid > 0, `${file}: no cases ran`)
}

export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
