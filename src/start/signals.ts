/** Ending on a signal: the first asks, the second insists. */

/** SIGHUP: the terminal was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const EXIT_INSISTED = 1

/**
 * Call it before anybody is told that the server is ready: from then on a signal no longer ends the process by itself.
 * @param kill ends other processes; called at the second signal, before the process ends where it stands
 * @returns resolves at the first signal
 */
export function firstSignal(kill: () => void): Promise<void> {
  return new Promise((resolve) => {
    let isSecond = false
    const onSignal = () => {
      if (isSecond) {
        kill()
        process.exit(EXIT_INSISTED)
      }
      isSecond = true
      resolve()
    }
    for (const signal of SIGNALS) process.on(signal, onSignal)
  })
}
