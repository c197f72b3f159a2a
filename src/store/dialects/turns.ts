/** A queue of one process: what it holds runs one after the other. */

export interface Turns {
  take<T>(act: () => T | Promise<T>): Promise<T>
  /** Resolves after the last turn; from now on there are no new ones. */
  end(): Promise<void>
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  let ended = false
  return {
    take(act) {
      if (ended) return Promise.reject(new Error('the store is closed'))
      const turn = last.then(act)
      last = turn.catch(() => {})
      return turn
    },
    async end() {
      ended = true
      await last
    },
  }
}
