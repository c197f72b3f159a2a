/** The one source of time. Tests and development mode replace it. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
}

export const systemClock: Clock = Object.freeze({ now: () => Date.now() })

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
/** All schedules count days of 86,400 s in UTC (lifecycle.md section 0). */
export const DAY_MS = 24 * HOUR_MS

/** ISO 8601, UTC, whole seconds. @param time milliseconds since the epoch. */
export function instantText(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`
}
