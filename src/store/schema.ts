/**
 * The tables, as Kysely sees them; `migrations/` makes them. Times are milliseconds since the epoch, truths are 0 or 1 and
 * structured facts JSON text, so that rows look the same on every database.
 */
import type { Generated } from 'kysely'

export interface Tables {
  accounts: AccountsTable
  users: UsersTable
  access_keys: AccessKeysTable
  keys: KeysTable
  key_materials: KeyMaterialsTable
  key_last_usage: KeyLastUsageTable
  aliases: AliasesTable
  domain_keys: DomainKeysTable
  audit_outbox: AuditOutboxTable
  changes: ChangesTable
  changes_pruned: ChangesPrunedTable
  leases: LeasesTable
  migrations: MigrationsTable
}

export interface AccountsTable {
  account: string
  created_at: number
}

export interface UsersTable {
  account: string
  user_name: string
  path: string
  user_id: string
  created_at: number
}

export interface AccessKeysTable {
  access_key_id: string
  account: string
  /** Null: the account's root. */
  user_name: string | null
  active: number
  token: Uint8Array
  created_at: number
}

export interface KeysTable {
  account: string
  region: string
  key_id: string
  spec: string
  usage: string
  origin: string
  manager: string
  multi_region: number
  /** Null together with `replica_regions`: no multi-Region key. */
  primary_region: string | null
  /** `[region, …]`, sorted. */
  replica_regions: string | null
  description: string
  created_at: number
  enabled: number
  /** Null together with `deletion_date`: no deletion is scheduled. */
  deletion_window_in_days: number | null
  deletion_date: number | null
  /** Not null: deletion is scheduled, and its window begins when the last replica is gone. */
  replica_deletion_window_in_days: number | null
  current_material_id: string | null
  /** `[[key, value], …]` in the order first given. */
  tags: string
  policy: string
  /** Null together with `next_rotation_at`: automatic rotation is off. */
  rotation_period_in_days: number | null
  next_rotation_at: number | null
  on_demand_rotations: number
  /** Null: the key's material is not imported. */
  material_missing: number | null
  material_valid_to: number | null
}

export interface KeyMaterialsTable {
  account: string
  region: string
  key_id: string
  /** 0, 1, 2, … in the order in which the key got them. */
  generation: number
  material_id: string
  /** Null: deleted or expired. */
  token: Uint8Array | null
  created_at: number
  /** The Region that the token is bound to; null: its own. */
  sealed_in: string | null
  state: string
  /** Null together with `rotated_at`: not rotated to. */
  rotation_type: string | null
  rotated_at: number | null
  /** Null: not imported. */
  imported: number | null
  /** Null: does not expire. */
  valid_to: number | null
  description: string | null
}

export interface KeyLastUsageTable {
  account: string
  region: string
  key_id: string
  operation: string
  used_at: number
  event_id: string
  request_id: string
}

export interface AliasesTable {
  account: string
  region: string
  alias_name: string
  key_id: string
  created_at: number
  updated_at: number
}

export interface DomainKeysTable {
  id: string
  root_key_id: string
  wrapped: Uint8Array
  created_at: number
}

export interface AuditOutboxTable {
  position: Generated<number>
  event_id: string
  node: string
  line: string
}

export interface ChangesTable {
  /** Rises in the order of commits, without ever using a number twice. */
  position: Generated<number>
  node: string
  kind: string
  subject: string
  changed_at: number
}

/** One row: everything up to `position` has been pruned from `changes`. */
export interface ChangesPrunedTable {
  id: number
  position: number
}

export interface LeasesTable {
  name: string
  holder: string
  until: number
}

export interface MigrationsTable {
  number: number
  name: string
  /** 1: software that does not know this migration cannot work with the schema that it made. */
  breaking: number
  applied_at: number
}
