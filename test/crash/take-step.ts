/**
 * A program that takes one step in the life of a data folder, in a process of its own so that it can be killed: timed work, or
 * one call. Arguments: folder, days by which its clock is ahead, and the step as JSON. Prints `answered` when it is done.
 */
import { silentLog } from '../../src/base/log.ts'
import { createMovableClock } from '../../src/base/movable-clock.ts'
import { handingOf } from '../../src/cli/hand-out-shares.ts'
import { operations } from '../../src/operations/index.ts'
import type { Service } from '../../src/service.ts'
import { changeRootKey, type NewRootKey } from '../../src/start/change-root-key.ts'
import { type DataFolder, dataFolder } from '../../src/start/data-folder.ts'
import { openDurableNode } from '../../src/start/node.ts'
import { openOperatorNode } from '../../src/start/operator-node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import { ROOT_KEY_SETTINGS, rootKeyChoiceOf } from '../../src/start/root-key-choice.ts'
import { ACCOUNT, type Answer, REGION, rootOf } from '../support/harness.ts'

const DAY_MS = 86_400_000

export type Step =
  | { readonly do: 'jobs' }
  | { readonly do: 'change root key'; readonly to: NewRootKey | { readonly provider: 'shares' } }
  | { readonly do: 'call'; readonly operation: string; readonly body: object }

export interface Node {
  readonly folder: DataFolder
  readonly service: Service
  readonly store: Awaited<ReturnType<typeof openDurableNode>>['store']
  call(operation: string, body: object): Promise<Answer>
  stop(): Promise<void>
}

/** By variables, where it needs a secret; shares are in files. */
const rootKey = () => ({ ...rootKeyChoiceOf(NO_SETTINGS, process.env), openShares: sharesInFiles().openShares })
const sharesInFiles = () =>
  handingOf({ shares: 3, threshold: 2, 'shares-to': process.env.CRASH_SHARES }, { print() {}, tell() {} } as never)
const NO_SETTINGS = Object.fromEntries(ROOT_KEY_SETTINGS.map((name) => [name, undefined])) as Parameters<
  typeof rootKeyChoiceOf
>[0]

/** A start as `keyhold start` makes it: what a process before this one left behind is completed first. */
export async function startNode(path: string, daysAhead: number): Promise<Node> {
  const folder = dataFolder(path)
  const options = { ...rootKey(), folder, account: ACCOUNT, region: REGION, mode: 'server', log: silentLog } as const
  const { lock } = await prepareDataFolder(options)
  const movableClock = createMovableClock()
  movableClock.advance(daysAhead * DAY_MS)
  const node = { node: 'worker-1', authentication: 'development', log: silentLog, movableClock } as const
  const { service, store } = await openDurableNode(path, rootKey(), node)
  return {
    folder,
    service,
    store,
    call: (operation, body) =>
      service.execute(operations.get(operation)!, body, {
        principal: rootOf(ACCOUNT),
        region: REGION,
        requestId: service.random.uuid(),
        time: movableClock.now(),
        sourceIp: '127.0.0.1',
        userAgent: 'crash',
        tls: undefined,
      }),
    async stop() {
      await service.stop()
      lock.release()
    },
  }
}

export async function take(node: Node, step: Step): Promise<void> {
  if (step.do === 'jobs') await node.service.jobs.runAll()
  else if (step.do === 'change root key') await changeRootKeyOf(node, step.to)
  else await node.call(step.operation, step.body)
}

/** As the command does it, beside the server. */
async function changeRootKeyOf(
  { folder }: Node,
  wanted: Extract<Step, { do: 'change root key' }>['to'],
): Promise<void> {
  const to = wanted.provider === 'shares' ? { ...wanted, ...sharesInFiles() } : wanted

  const operator = await openOperatorNode({ ...rootKey(), folder, externalAccounts: 'reject', log: silentLog })
  await changeRootKey(operator, folder, to)
  await operator.close()
}

if (import.meta.main) {
  const [folder, daysAhead, step] = process.argv.slice(2)
  const node = await startNode(folder!, Number(daysAhead))
  process.emit('begin counting' as never)
  await take(node, JSON.parse(step!))
  process.stdout.write('answered\n')
  await node.stop()
}
