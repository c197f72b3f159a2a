import { after, before, describe } from 'node:test'
import { openPostgresStore } from '../../src/store/postgres-store.ts'
import { storeContract } from '../contract/store.ts'
import { type PostgresServer, postgresMissing, startPostgres } from '../support/postgres.ts'

describe('over PostgreSQL', { skip: postgresMissing }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.remove())

  storeContract('PostgreSQL', async () => {
    const login = await server.createDatabase()
    return { open: (_node, clock) => openPostgresStore(login, clock), remove: async () => {} }
  })
})
