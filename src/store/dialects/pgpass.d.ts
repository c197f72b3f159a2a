declare module 'pgpass' {
  interface Connection {
    readonly host: string
    readonly port: number
    readonly database: string
    readonly user: string
  }
  /** Looks into the file of `PGPASSFILE`, or `~/.pgpass`; one that others can read it does not use, and says so on standard error. */
  export default function pgpass(connection: Connection, found: (password: string | undefined) => void): void
}
