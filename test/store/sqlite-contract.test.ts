import { storeContract } from '../contract/store.ts'
import { fileFixture, memoryFixture } from './sqlite-fixtures.ts'

storeContract('SQLite in memory', memoryFixture)
storeContract('SQLite in a file', fileFixture)
