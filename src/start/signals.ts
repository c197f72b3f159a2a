/** Ending on a signal: the first asks, the second insists. */
import type { Serving } from './serve.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
const EXIT_INSISTED = 1

/** Resolves when a first signal has stopped the server. A second one ends the process where it stands. */
export async function stopOnSignal({ stop, kill }: Pick<Serving, 'stop' | 'kill'>, onFirst: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const first = () => {
      for (const signal of SIGNALS) process.off(signal, first)
      for (const signal of SIGNALS) process.on(signal, second)
      resolve()
    }
    const second = () => {
      kill()
      process.exit(EXIT_INSISTED)
    }
    for (const signal of SIGNALS) process.on(signal, first)
  })
  onFirst()
  await stop()
}
