/** What the rooms need of a logger; pino's satisfies it. No secret, plaintext or key material is ever passed to it. */
export interface Log {
  /** What is of use only while somebody looks for something. */
  debug?(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const silentLog: Log = Object.freeze({ info() {}, warn() {}, error() {} })
