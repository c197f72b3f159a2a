/** V8's CPU profiles: self time by part of the server and by function. */

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Microseconds of the monotonic clock, as `process.hrtime` counts. */
  readonly startTime: number
  /** Node ids, one for each tick. */
  readonly samples: readonly number[]
  /** Microseconds since the tick before. */
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** From and to, in microseconds of the monotonic clock. */
export interface Window {
  readonly from: number
  readonly to: number
}

export interface SelfTimes {
  /** Microseconds in which the process did something. */
  readonly busyMicros: number
  readonly byPart: ReadonlyMap<string, number>
  readonly byFunction: ReadonlyMap<string, number>
}

const IDLE = '(idle)'

export function selfTimes({ nodes, startTime, samples, timeDeltas }: CpuProfile, { from, to }: Window): SelfTimes {
  const parts = partOfNodes(nodes)
  const names = new Map(nodes.map(({ id, callFrame }) => [id, functionText(callFrame)]))
  const byPart = new Map<string, number>()
  const byFunction = new Map<string, number>()
  let busyMicros = 0
  let time = startTime
  samples.forEach((id, index) => {
    time += timeDeltas[index]!
    const part = parts.get(id)!
    if (time < from || time > to || part === IDLE) return
    // A delta is the time up to this tick; that the next tick would be the truer one evens out over thousands.
    const micros = timeDeltas[index]!
    busyMicros += micros
    byPart.set(part, (byPart.get(part) ?? 0) + micros)
    const name = names.get(id)!
    byFunction.set(name, (byFunction.get(name) ?? 0) + micros)
  })
  return { busyMicros, byPart, byFunction }
}

/** A part is found by file, where one is named here; anything else (natives, Buffer, node:crypto) belongs to its caller. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [
    /^node:(_http|net|internal\/http|internal\/stream|internal\/streams|stream|internal\/net|internal\/dtrace)/,
    'node:http and sockets',
  ],
  [/^node:internal\/(timers|process\/task_queues|async_hooks)/, 'event loop'],
  [/^node:(internal\/fs|fs)/, 'files'],
  [/\/src\/base\/(json|schema|base64)\.ts$/, 'JSON, input shapes'],
  [/\/src\/audit\//, 'audit'],
  [/\/src\/auth\//, 'SigV4'],
  [/\/src\/crypto\//, 'key derivation, AEAD, randomness'],
  [/\/src\/wire\//, 'wire'],
  [/\/src\/(pipeline|operations|domain)\//, 'pipeline, operations, domain'],
  [/\/src\/store\//, 'store'],
  [/\/src\//, 'other Keyhold code'],
]
const AT_ROOT: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'native code outside of JavaScript'],
  [IDLE, IDLE],
])

function partOfNodes(nodes: readonly ProfileNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parts = new Map<number, string>()
  const visit = (node: ProfileNode, inherited: string) => {
    const part = ownPart(node) ?? inherited
    parts.set(node.id, part)
    for (const child of node.children ?? []) visit(byId.get(child)!, part)
  }
  visit(nodes[0]!, 'event loop')
  return parts
}

function ownPart({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (url === '') return AT_ROOT.get(functionName)
  return PARTS.find(([pattern]) => pattern.test(url))?.[1]
}

function functionText({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const place = url === '' ? 'native' : `${url.replace(/^.*\/(src|node_modules)\//, '$1/')}:${lineNumber + 1}`
  return `${functionName === '' ? '(anonymous)' : functionName} ${place}`
}
