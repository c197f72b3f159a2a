/**
 * Kills a program before its durable steps, starts again on what it left, and looks.
 *
 * Every step is tried with CRASH_STEPS=all; otherwise the first, the last and some between them, chosen by CRASH_SEED.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { readAuditLog } from '../../src/audit/read-log.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import type { Answer } from '../support/harness.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { type Node, type Step, startNode, take } from './take-step.ts'

const SEED = Number(process.env.CRASH_SEED ?? randomInt(2 ** 31))
const STEPS_TRIED = 10

export interface Scenario<Facts> {
  /** Makes the folder in which the step is taken. */
  prepare(node: Node): Promise<Facts>
  /** From then on the clock is ahead by so many days. */
  readonly daysAhead: number
  step(facts: Facts): Step
  /** After a kill and a restart, before anything is done again. @returns for each thing whether it is done; never half. */
  look(node: Node, facts: Facts): Promise<readonly boolean[]>
  /** Once the step was taken again: the end state. */
  finished(node: Node, facts: Facts): Promise<void>
  /** After all is stopped, with the log's records. @param done as {@link look} saw it at the end. */
  recorded(records: readonly Answer[], facts: Facts, folder: string): void
}

/** mulberry32: the same steps for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Says in the test's output which seed chooses the same again. */
export function stepsToTry(context: TestContext, count: number, tried = STEPS_TRIED): readonly number[] {
  const steps = chosenSteps(count, tried)
  context.diagnostic(`CRASH_SEED=${SEED}: ${steps.length} of ${count} steps`)
  return steps
}

function chosenSteps(count: number, tried: number): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1)
  if (process.env.CRASH_STEPS === 'all' || count <= tried) return all
  const random = randomOf(SEED)
  const chosen = new Set([1, count])
  while (chosen.size < tried) chosen.add(1 + Math.floor(random() * count))
  return [...chosen].sort((one, other) => one - other)
}

interface Ending {
  /** `undefined`: it was killed. */
  readonly steps: number | undefined
  /** The client had its answer. */
  readonly answered: boolean
}

const PROGRAM = join(import.meta.dirname, 'take-step.ts')
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'die-at-step.ts')).href

async function takeAndDie(folder: string, daysAhead: number, step: Step, dieAt: number): Promise<Ending> {
  const child = spawn(
    process.execPath,
    ['--import', PRELOAD, PROGRAM, folder, String(daysAhead), JSON.stringify(step)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DIE_AT_STEP: String(dieAt), COUNT_FROM_EVENT: 'yes' },
    },
  )
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, signal) => resolve([code, signal]))
  })
  const output = await text(child.stdout)
  const [exitCode, signal] = await ended
  const answered = /^answered$/m.test(output)
  if (signal === 'SIGKILL') return { steps: undefined, answered }
  assert.equal(exitCode, 0)
  return { steps: Number(/^steps (\d+)$/m.exec(output)![1]), answered }
}

async function recordsOf(folder: string): Promise<readonly Answer[]> {
  const { audit } = dataFolder(folder)
  assert.deepEqual((await verifyAuditLog(audit)).problems, [])
  const records = (await Array.fromAsync(readAuditLog(audit))).map(({ line }) => JSON.parse(line))
  const eventIds = records.map(({ eventID }) => eventID)
  assert.equal(new Set(eventIds).size, eventIds.length, 'no record is written twice')
  return records
}

export async function tryAll<Facts>(context: TestContext, scenario: Scenario<Facts>): Promise<void> {
  const { path: root, remove } = temporaryFolder('steps')
  context.after(remove)
  const template = join(mkdtempSync(join(root, 'template-')), 'data')
  const first = await startNode(template, 0)
  const facts = await scenario.prepare(first)
  await first.stop()
  const { daysAhead } = scenario
  const step = scenario.step(facts)
  const copy = () => {
    const folder = join(mkdtempSync(join(root, 'x-')), 'data')
    cpSync(template, folder, { recursive: true })
    return folder
  }

  async function killAt(dieAt: number): Promise<readonly boolean[]> {
    const folder = copy()
    const { answered } = await takeAndDie(folder, daysAhead, step, dieAt)
    const node = await startNode(folder, daysAhead)
    const done = await scenario.look(node, facts)
    if (answered) assert.ok(!done.includes(false), 'what was answered is done')
    await take(node, step).catch((error) => {
      // A call that was completed may be refused the second time; the end state tells.
      if (done.includes(false)) throw error
    })
    assert.ok(!(await scenario.look(node, facts)).includes(false), 'done after the step was taken again')
    await scenario.finished(node, facts)
    await node.stop()
    scenario.recorded(await recordsOf(folder), facts, folder)
    rmSync(folder, { recursive: true })
    return done
  }

  const { steps } = await takeAndDie(copy(), daysAhead, step, Number.POSITIVE_INFINITY)
  assert.ok(steps! >= 5, `only ${steps} steps were counted`)
  const queue = [...stepsToTry(context, steps!)]
  const seen = new Set<boolean>()
  const work = async () => {
    for (let dieAt = queue.shift(); dieAt !== undefined; dieAt = queue.shift()) {
      try {
        for (const isDone of await killAt(dieAt)) seen.add(isDone)
      } catch (error) {
        throw new Error(`killed before step ${dieAt} of ${steps} (CRASH_SEED=${SEED})`, { cause: error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
  assert.deepEqual([...seen].sort(), [false, true], 'the first kill came before the work, the last after it')
}
