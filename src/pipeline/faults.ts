/**
 * Faults on purpose, of development servers: calls that are refused, late or cut off as chosen, so that what a program does about it
 * can be tested. They stand before the pipeline, which knows nothing of them.
 */
import { ConnectionDropped, KmsError } from '../base/errors.ts'
import type { Execute } from './execute.ts'
import { type Fault, FaultError, readFault } from './fault.ts'

export interface FaultInForce {
  readonly fault: Fault
  /** Calls that it hit. */
  readonly hits: number
  /** It hits no more; calls that wait because of it go on. */
  remove(): void
}

export interface Faults {
  /** In force from now on, behind those that are: of several that fit a call the first one hits it. @throws {FaultError} */
  add(fault: unknown): FaultInForce
  /** In the order in which they were added; those that are over too. */
  list(): readonly FaultInForce[]
  clear(): void
  around(execute: Execute): Execute
}

const FAULTS_MAX = 1_000

/** Who meets it should know where it comes from. */
const MESSAGE = 'A fault that this development server was told to make.'

class InjectedError extends KmsError {
  readonly #status: number | undefined

  constructor({ error, message = MESSAGE, status }: Fault) {
    super(error!, message)
    this.#status = status
  }

  override get status(): number {
    return this.#status ?? super.status
  }
}

class Injection implements FaultInForce {
  readonly fault: Fault
  hits = 0
  readonly #names: string | undefined
  readonly #onRemove: (injection: Injection) => void
  /** Calls that fit. */
  #seen = 0
  /** Ends what waits. */
  readonly #waiting = new Set<() => void>()

  constructor(fault: Fault, onRemove: (injection: Injection) => void) {
    this.fault = fault
    this.#names = fault.keyId === undefined ? undefined : bareName(fault.keyId)
    this.#onRemove = onRemove
  }

  /** Counts the call; says whether it is hit. */
  takes(operation: string, region: string, body: unknown): boolean {
    const { skip = 0, every = 1, times = Number.POSITIVE_INFINITY } = this.fault
    if (this.hits >= times) return false
    if (this.fault.operation !== undefined && this.fault.operation !== operation) return false
    if (this.fault.region !== undefined && this.fault.region !== region) return false
    if (this.#names !== undefined && !namesKey(body, this.#names)) return false
    this.#seen++
    if (this.#seen <= skip || (this.#seen - skip) % every !== 0) return false
    this.hits++
    return true
  }

  wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.fault.delayMs)
    this.#waiting.add(resolve)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(resolve)
    })
  }

  remove(): void {
    this.#onRemove(this)
    for (const end of this.#waiting) end()
  }
}

/** @param operations names of all that there are, of every service. */
export function createFaults(operations: Iterable<string>): Faults {
  const names = new Set(operations)
  let inForce: readonly Injection[] = []

  return {
    add(given) {
      if (inForce.length >= FAULTS_MAX) throw new FaultError(`there are ${FAULTS_MAX} faults already: clear them first`)
      const injection = new Injection(readFault(given, names), (gone) => {
        inForce = inForce.filter((other) => other !== gone)
      })
      inForce = [...inForce, injection]
      return injection
    },
    list: () => inForce,
    clear() {
      for (const injection of inForce) injection.remove()
    },
    around: (execute) => async (operation, body, call) => {
      const injection = inForce.find((fault) => fault.takes(operation.name, call.region, body))
      if (injection === undefined) return execute(operation, body, call)
      const { error, drop, delayMs } = injection.fault
      if (delayMs !== undefined) await injection.wait()
      if (error !== undefined) throw new InjectedError(injection.fault)
      if (drop === undefined) return execute(operation, body, call)
      // However it ends, nobody is told.
      if (drop === 'answer') await execute(operation, body, call).catch(() => {})
      throw new ConnectionDropped()
    },
  }
}

/** Members of requests that name keys. */
const KEY_MEMBERS = ['KeyId', 'SourceKeyId', 'DestinationKeyId', 'TargetKeyId', 'AliasName'] as const

function namesKey(body: unknown, name: string): boolean {
  const members = body as Readonly<Record<string, unknown>> | null
  return KEY_MEMBERS.some((member) => {
    const value = members?.[member]
    return typeof value === 'string' && bareName(value) === name
  })
}

/** Key id or alias name, from that or its ARN. */
function bareName(text: string): string {
  return text.replace(/^arn:[^:]*:kms:[^:]*:[^:]*:(?:key\/)?/, '')
}
