/** Closed-loop load: a fixed number of connections, each with one request under way. */
import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'

export interface LoadOrder {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  /** Whole requests, sent in turn. */
  readonly requests: readonly Uint8Array[]
}

export interface LoadResult {
  readonly requestsPerSecond: number
  readonly completed: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Share of the run in which this process was on its core; near 1 the client is what limits the rate. */
  readonly clientBusy: number
}

const RECEIVE_BYTES = 64 * 1024
/** An answer that takes longer than this fails the run. */
const STALL_MS = 10_000

/** @throws {Error} if any answer is not 200, a connection ends, or nothing arrives for {@link STALL_MS}. */
export async function runLoad({ port, connections, seconds, requests }: LoadOrder): Promise<LoadResult> {
  const latencies = createLatencies()
  const state = { next: 0, running: false, deadline: 0, lastAnswer: performance.now() }
  const lanes = await Promise.all(Array.from({ length: connections }, () => openLane(port)))
  const stall = stallOf(state)
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  state.running = true
  state.deadline = start + seconds * 1000
  try {
    await Promise.race([stall.happened, Promise.all(lanes.map((lane) => lane.loop(() => nextRequest(), onAnswer)))])
  } finally {
    stall.cancel()
    for (const lane of lanes) lane.close()
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

  function nextRequest(): Uint8Array | undefined {
    if (performance.now() >= state.deadline) return undefined
    const request = requests[state.next]!
    state.next = (state.next + 1) % requests.length
    return request
  }

  function onAnswer(latencyMs: number, now: number): void {
    state.lastAnswer = now
    latencies.add(latencyMs)
  }
}

function stallOf(state: { lastAnswer: number }): { happened: Promise<never>; cancel(): void } {
  let timer: NodeJS.Timeout
  const happened = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (performance.now() - state.lastAnswer > STALL_MS) reject(new Error(`no answer for ${STALL_MS / 1000} s`))
    }, 500)
  })
  return { happened, cancel: () => clearInterval(timer) }
}

interface Lane {
  /** Sends what `next` gives until it gives nothing; resolves when the last answer is there. */
  loop(next: () => Uint8Array | undefined, onAnswer: (latencyMs: number, now: number) => void): Promise<void>
  close(): void
}

async function openLane(port: number): Promise<Lane> {
  let received: (bytes: Buffer) => void = () => {}
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES)
  const socket: Socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: {
      buffer,
      callback(length) {
        received(buffer.subarray(0, length))
        return true
      },
    },
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return {
    loop: (next, onAnswer) =>
      new Promise((resolve, reject) => {
        const parser = createAnswerParser()
        let sentAt = 0
        const send = () => {
          const request = next()
          if (request === undefined) return resolve()
          sentAt = performance.now()
          socket.write(request)
        }
        received = (bytes) => {
          try {
            if (!parser.push(bytes)) return
          } catch (error) {
            return reject(error)
          }
          const now = performance.now()
          onAnswer(now - sentAt, now)
          send()
        }
        socket.on('error', reject)
        socket.on('close', () => reject(new Error('the server closed a connection')))
        send()
      }),
    close: () => socket.removeAllListeners('close').destroy(),
  }
}

const HEAD_END = Buffer.from('\r\n\r\n')
const OK = 'HTTP/1.1 200 '
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i

/** Answers with Content-Length only, one under way at a time; that is all this client ever asks for. */
export function createAnswerParser(): { push(bytes: Buffer): boolean } {
  /** What is there of an answer that came in pieces; usually one piece is all of it. */
  let pending: Buffer | undefined
  return {
    /** @returns true when an answer is complete. @throws {Error} for any status but 200. */
    push(bytes) {
      const answer = pending === undefined ? bytes : Buffer.concat([pending, bytes])
      const headEnd = answer.indexOf(HEAD_END)
      const length = headEnd === -1 ? undefined : lengthOf(answer, headEnd)
      if (length === undefined || answer.length < length) {
        // The socket reuses its buffer.
        pending = Buffer.from(answer)
        return false
      }
      if (answer.length > length) throw new Error('more bytes than one answer')
      const head = answer.toString('latin1', 0, OK.length)
      if (head !== OK) throw new Error(`not a success:\n${answer.toString('latin1')}`)
      pending = undefined
      return true
    },
  }
}

function lengthOf(answer: Buffer, headEnd: number): number {
  const found = CONTENT_LENGTH.exec(answer.toString('latin1', 0, headEnd))
  if (found === null) throw new Error(`an answer without Content-Length:\n${answer.toString('latin1', 0, headEnd)}`)
  return headEnd + HEAD_END.length + Number(found[1])
}

/** Every latency is kept: a run is some hundred thousand numbers, and then the quantiles are exact. */
function createLatencies(): { add(ms: number): void; sorted(): Float64Array } {
  let values = new Float64Array(65_536)
  let count = 0
  return {
    add(ms) {
      if (count === values.length) {
        const longer = new Float64Array(values.length * 2)
        longer.set(values)
        values = longer
      }
      values[count++] = ms
    },
    sorted: () => values.subarray(0, count).sort(),
  }
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
