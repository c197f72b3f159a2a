/**
 * Load of two kinds. Closed loop: each connection has one request under way at any time, which finds the rate. Open loop:
 * requests are due at a fixed rate whatever the server does, and a latency counts from the moment the request was due, so
 * that a stall is felt by all the requests that fall into it.
 */
import { performance } from 'node:perf_hooks'
import { type Connection, openConnection } from './connection.ts'
import { createLatencies, type Latencies, quantile } from './latencies.ts'

export interface LoadOrder {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  /** Whole requests, sent in turn. */
  readonly requests: readonly Uint8Array[]
  /** Of an open loop; `undefined` for a closed one. */
  readonly requestsPerSecond?: number
}

export interface LoadResult {
  readonly requestsPerSecond: number
  readonly completed: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Share of the run in which this process was on its core; near 1 the client limits the rate of a closed loop. */
  readonly clientBusy: number
}

/** An answer that takes longer than this fails the run. */
const STALL_MS = 10_000

/** What decides when a request is sent. */
interface Pace {
  start(connections: readonly Connection[]): void
  onAnswer(connection: Connection): void
  /** Resolves when the time is over and the last answer is there. */
  readonly finished: Promise<void>
}

/** @throws {Error} if any answer is not 200, a connection ends, or nothing arrives for {@link STALL_MS}. */
export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const latencies = createLatencies()
  const pace = order.requestsPerSecond === undefined ? closedLoop(order, latencies) : openLoop(order, latencies)
  const failure = Promise.withResolvers<never>()
  // Once the run is over nobody waits for it.
  failure.promise.catch(() => {})
  let lastAnswer = performance.now()
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () =>
      openConnection(order.port, {
        onAnswer(connection) {
          lastAnswer = performance.now()
          pace.onAnswer(connection)
        },
        onFailure: failure.reject,
      }),
    ),
  )
  const stall = setInterval(() => {
    if (performance.now() - lastAnswer > STALL_MS) failure.reject(new Error(`no answer for ${STALL_MS / 1000} s`))
  }, 500)
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  try {
    pace.start(connections)
    await Promise.race([failure.promise, pace.finished])
  } finally {
    clearInterval(stall)
    for (const connection of connections) connection.close()
  }
  const elapsedMs = performance.now() - start
  const cpu = process.cpuUsage(cpuBefore)
  const sorted = latencies.sorted()
  return {
    requestsPerSecond: (sorted.length / elapsedMs) * 1000,
    completed: sorted.length,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    clientBusy: (cpu.user + cpu.system) / 1000 / elapsedMs,
  }
}

function closedLoop({ seconds, requests }: LoadOrder, latencies: Latencies): Pace {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
  const sentAt = new Map<Connection, number>()
  let deadline = 0
  let next = 0
  function send(connection: Connection, now: number): void {
    if (now >= deadline) {
      sentAt.delete(connection)
      if (sentAt.size === 0) finish()
      return
    }
    sentAt.set(connection, now)
    connection.ask(requests[next++ % requests.length]!)
  }
  return {
    start(connections) {
      const now = performance.now()
      deadline = now + seconds * 1000
      for (const connection of connections) send(connection, now)
    },
    onAnswer(connection) {
      const now = performance.now()
      latencies.add(now - sentAt.get(connection)!)
      send(connection, now)
    },
    finished,
  }
}

function openLoop({ connections: size, seconds, requests, requestsPerSecond }: LoadOrder, latencies: Latencies): Pace {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
  const intervalMs = 1000 / requestsPerSecond!
  const total = Math.max(1, Math.floor(seconds * requestsPerSecond!))
  /** When the request under way was due. */
  const dueAt = new Map<Connection, number>()
  let idle: Connection[] = []
  let startMs = 0
  let next = 0
  function sendDue(): void {
    const now = performance.now()
    while (next < total && idle.length > 0 && startMs + next * intervalMs <= now) {
      const connection = idle.pop()!
      dueAt.set(connection, startMs + next * intervalMs)
      connection.ask(requests[next++ % requests.length]!)
    }
  }
  /** Timers are late by up to a millisecond, which would count as the server's. */
  function spin(): void {
    sendDue()
    if (next < total) setImmediate(spin)
  }
  return {
    start(connections) {
      idle = [...connections]
      startMs = performance.now()
      spin()
    },
    onAnswer(connection) {
      latencies.add(performance.now() - dueAt.get(connection)!)
      idle.push(connection)
      sendDue()
      if (next === total && idle.length === size) finish()
    },
    finished,
  }
}
