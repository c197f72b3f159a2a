/** The log of a process: JSON lines on standard error, or short lines where a person watches. */
import { type DestinationStream, destination, type Level, pino, stdSerializers } from 'pino'
import type { Log } from '../base/log.ts'
import { withoutControls } from '../base/terminal-text.ts'
import type { Settings } from '../config/settings.ts'

export interface LoggerOptions {
  readonly level: Settings['logLevel']
  /** Names the process where there are several. */
  readonly node?: string
  readonly forPerson: boolean
}

export function createLogger({ level, node, forPerson }: LoggerOptions): Log {
  const options = {
    level,
    base: node === undefined ? null : { node },
    serializers: { err: stdSerializers.err },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  }
  // Synchronous: the last words before an exit are the ones that matter, and the warm path logs nothing.
  return pino(options, forPerson ? shortLines() : destination({ dest: 2, sync: true }))
}

/** `12:00:01 warn   the disk is nearly full  free=1024` */
function shortLines(): DestinationStream {
  return {
    write(line) {
      const { level, time, msg, node, err, ...fields } = JSON.parse(line) as Record<string, unknown>
      const values = Object.entries({ node, ...fields }).filter(([, value]) => value !== undefined)
      const details = values.map(
        ([name, value]) => `  ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      const cause = (err as { message?: string } | undefined)?.message
      const stack = level === 'error' ? (err as { stack?: string } | undefined)?.stack : undefined
      const ending = stack === undefined ? (cause === undefined ? '' : `: ${cause}`) : `\n${stack}`
      const text = `${String(time).slice(11, 19)} ${level as Level}  ${msg}${details.join('')}${ending}`
      process.stderr.write(`${withoutControls(text)}\n`)
    },
  }
}
