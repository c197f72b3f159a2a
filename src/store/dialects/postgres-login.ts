/** Where a PostgreSQL database is, and who asks for it. */
export interface PostgresTls {
  /** PEM file of the certificates that the server's may begin with; `undefined`: those that Node trusts. */
  readonly rootCert: string | undefined
  /** PEM files, for a server that asks for a certificate. */
  readonly cert: string | undefined
  readonly key: string | undefined
}

export interface PostgresAddress {
  /** Name, IP address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  /** The server's certificate and its name are verified; `undefined`: no TLS. */
  readonly tls: PostgresTls | undefined
}

export interface PostgresLogin extends PostgresAddress {
  /** Asked for at each connection, where it is a function. `undefined`: as `PGPASSWORD`, `PGPASSFILE` or `~/.pgpass` say, or none is needed. */
  readonly password: string | (() => string) | undefined
}
