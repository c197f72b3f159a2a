/** What the rooms need of a logger; pino's satisfies it. No secret, plaintext or key material is ever passed to it. */
export interface Log {
  /** What is of use only while somebody looks for something. */
  debug?(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

/** The names of each line's own members are taken: a line would have two of them. */
type LogFields = Readonly<Record<string, unknown>> & { readonly [name in 'level' | 'time' | 'msg']?: never }

export const silentLog: Log = Object.freeze({ info() {}, warn() {}, error() {} })
