/** Names of users, roles, groups and managed policies: kept as given, found and ordered ignoring case (authorization.md 6.1). */
import { type Expression, type SqlBool, sql } from 'kysely'

/** Names are ASCII: nothing else has passed validation. */
export function lowerName(name: string): string {
  return name.toLowerCase()
}

/** No `LIKE`: a path may contain its wildcards. */
export function pathBeginsWith(prefix: string): Expression<SqlBool> {
  return sql<SqlBool>`substr(${sql.ref('path')}, 1, ${prefix.length}) = ${prefix}`
}
