/**
 * A program that takes one step in the life of a data folder, in a process of its own so that it can be killed: timed work, or
 * one call. Arguments: folder, days by which its clock is ahead, and the step as JSON. Prints `answered` when it is done.
 */
import { silentLog } from '../../src/base/log.ts'
import { createMovableClock } from '../../src/base/movable-clock.ts'
import { operations } from '../../src/operations/index.ts'
import type { Service } from '../../src/service.ts'
import { changeRootKey } from '../../src/start/change-root-key.ts'
import { type DataFolder, dataFolder } from '../../src/start/data-folder.ts'
import { openDurableNode } from '../../src/start/node.ts'
import { openOperatorNode } from '../../src/start/operator-node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import { ACCOUNT, type Answer, REGION, rootOf } from '../support/harness.ts'

const DAY_MS = 86_400_000

export type Step =
  | { readonly do: 'jobs' }
  | { readonly do: 'change root key' }
  | { readonly do: 'call'; readonly operation: string; readonly body: object }

export interface Node {
  readonly folder: DataFolder
  readonly service: Service
  readonly store: Awaited<ReturnType<typeof openDurableNode>>['store']
  call(operation: string, body: object): Promise<Answer>
  stop(): Promise<void>
}

const ROOT_KEY = { provider: undefined, passphrase: undefined }

/** A start as `keyhold start` makes it: what a process before this one left behind is completed first. */
export async function startNode(path: string, daysAhead: number): Promise<Node> {
  const folder = dataFolder(path)
  const options = { ...ROOT_KEY, folder, account: ACCOUNT, region: REGION, mode: 'server', log: silentLog } as const
  const { lock } = await prepareDataFolder(options)
  const movableClock = createMovableClock()
  movableClock.advance(daysAhead * DAY_MS)
  const node = { node: 'worker-1', authentication: 'development', log: silentLog, movableClock } as const
  const { service, store } = await openDurableNode(path, ROOT_KEY, node)
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
  else if (step.do === 'change root key') await changeRootKeyOf(node)
  else await node.call(step.operation, step.body)
}

/** As the command does it, beside the server. */
async function changeRootKeyOf({ folder }: Node): Promise<void> {
  const operator = await openOperatorNode({ ...ROOT_KEY, folder, externalAccounts: 'reject', log: silentLog })
  await changeRootKey(operator, folder, { provider: 'file' })
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
