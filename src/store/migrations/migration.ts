import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../dialects/store-database.ts'

/** One step of the schema. Once released it is never edited: the next step corrects it. */
export interface Migration {
  /** 1, 2, 3, … */
  readonly number: number
  readonly name: string
  /** Software from before this step cannot work with the schema after it. */
  readonly breaking: boolean
  /** Knows no table types: those describe the newest schema, this one step of its history. */
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>
}
