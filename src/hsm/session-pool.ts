/** The sessions of one token: a session does one thing at a time, so each call has one to itself. */
import { HSM_SESSION_WAIT_MS_MAX, HSM_SESSIONS_WAITING_MAX } from '../base/limits.ts'
import { HsmError } from './messages.ts'

export interface SessionPool<Session> {
  /** @throws {HsmError} `NO_FREE_SESSION` after having waited. */
  use<T>(work: (session: Session) => T | Promise<T>): Promise<T>
}

interface Waiting<Session> {
  readonly take: (session: Session) => void
  readonly timer: NodeJS.Timeout
}

export function createSessionPool<Session>(sessions: readonly Session[]): SessionPool<Session> {
  const free = [...sessions]
  const waiting: Waiting<Session>[] = []

  function acquire(): Session | Promise<Session> {
    const session = free.pop()
    if (session !== undefined) return session
    if (waiting.length >= HSM_SESSIONS_WAITING_MAX) throw noneFree()
    return new Promise((take, fail) => {
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(entry), 1)
        fail(noneFree())
      }, HSM_SESSION_WAIT_MS_MAX)
      const entry = { take, timer }
      waiting.push(entry)
    })
  }

  function release(session: Session): void {
    const next = waiting.shift()
    if (next === undefined) free.push(session)
    else {
      clearTimeout(next.timer)
      next.take(session)
    }
  }

  return {
    async use(work) {
      const session = await acquire()
      try {
        return await work(session)
      } finally {
        release(session)
      }
    },
  }
}

function noneFree(): HsmError {
  return new HsmError('NO_FREE_SESSION', 'no session of the HSM was free in time')
}
