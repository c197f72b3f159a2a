/**
 * The tables, as Kysely sees them; `migrations/` makes them. Times are milliseconds since the epoch, truths are 0 or 1 and
 * structured facts JSON text, so that rows look the same on every database.
 */
import type { Generated } from 'kysely'

export interface Tables {
  accounts: AccountsTable
  users: UsersTable
  access_keys: AccessKeysTable
  services: ServicesTable
  service_access_keys: ServiceAccessKeysTable
  roles: RolesTable
  groups: GroupsTable
  group_members: GroupMembersTable
  managed_policies: ManagedPoliciesTable
  policy_versions: PolicyVersionsTable
  inline_policies: InlinePoliciesTable
  attached_policies: AttachedPoliciesTable
  oidc_providers: OidcProvidersTable
  revoked_sessions: RevokedSessionsTable
  keys: KeysTable
  key_materials: KeyMaterialsTable
  key_last_usage: KeyLastUsageTable
  deletion_alarms: DeletionAlarmsTable
  aliases: AliasesTable
  grants: GrantsTable
  custom_key_stores: CustomKeyStoresTable
  unfinished_store_keys: UnfinishedStoreKeysTable
  domain_keys: DomainKeysTable
  audit_outbox: AuditOutboxTable
  event_outbox: EventOutboxTable
  changes: ChangesTable
  changes_pruned: ChangesPrunedTable
  leases: LeasesTable
  migrations: MigrationsTable
}

export interface AccountsTable {
  account: string
  created_at: number
  /** Null: none. Unique among all accounts. */
  alias: string | null
}

export interface UsersTable {
  user_id: string
  account: string
  user_name: string
  /** The name by which it is found and ordered: names are unique ignoring case. */
  lower_name: string
  path: string
  created_at: number
  /** `[[key, value], …]` in the order first given. */
  tags: string
  boundary_arn: string | null
}

export interface AccessKeyUseColumns {
  /** Null together with the service and the Region: not used since uses are noted. */
  used_at: number | null
  used_service: string | null
  used_region: string | null
}

export interface AccessKeysTable extends AccessKeyUseColumns {
  access_key_id: string
  account: string
  /** Null: the account's root. */
  user_id: string | null
  active: number
  token: Uint8Array
  created_at: number
}

export interface ServicesTable {
  name: string
  created_at: number
}

export interface ServiceAccessKeysTable extends AccessKeyUseColumns {
  access_key_id: string
  service: string
  active: number
  token: Uint8Array
  created_at: number
}

export interface RolesTable {
  role_id: string
  account: string
  role_name: string
  lower_name: string
  path: string
  created_at: number
  description: string | null
  max_session_seconds: number
  trust_policy: string
  tags: string
  boundary_arn: string | null
}

export interface GroupsTable {
  group_id: string
  account: string
  group_name: string
  lower_name: string
  path: string
  created_at: number
}

export interface GroupMembersTable {
  group_id: string
  user_id: string
}

export interface ManagedPoliciesTable {
  arn: string
  account: string
  policy_name: string
  lower_name: string
  policy_id: string
  path: string
  description: string | null
  created_at: number
  updated_at: number
  default_version: number
  newest_version: number
  tags: string
}

export interface PolicyVersionsTable {
  policy_arn: string
  version: number
  document: string
  created_at: number
}

export interface InlinePoliciesTable {
  owner_id: string
  policy_name: string
  account: string
  document: string
}

export interface AttachedPoliciesTable {
  owner_id: string
  policy_arn: string
  account: string
  owner_kind: string
}

export interface OidcProvidersTable {
  arn: string
  account: string
  url: string
  /** Lists of strings. */
  client_ids: string
  thumbprints: string
  tags: string
  created_at: number
}

export interface RevokedSessionsTable {
  access_key_id: string
  account: string
  revoked_at: number
  expires_at: number
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
  /** Null together with `ciphertext_suite`: not in a custom key store. */
  custom_key_store_id: string | null
  ciphertext_suite: number | null
  /** In external key stores, and in no others. */
  xks_key_id: string | null
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

export interface DeletionAlarmsTable {
  account: string
  region: string
  key_id: string
  refused_calls: number
  first_at: number
  /** This and the next five: of the newest of them. */
  last_at: number
  operation: string
  event_id: string
  request_id: string
  principal: string
  source_ip: string
  announced_calls: number
  /** Null: never. */
  announced_at: number | null
}

export interface AliasesTable {
  account: string
  region: string
  alias_name: string
  key_id: string
  created_at: number
  updated_at: number
}

export interface GrantsTable {
  account: string
  region: string
  key_id: string
  grant_id: string
  name: string | null
  created_at: number
  grantee: string
  retiring: string | null
  issuing_account: string
  /** `["Decrypt", …]` in the order asked for. */
  operations: string
  /** Null: no constraints; else `{subset, equals, sourceArn}`, the first two as `[[key, value], …]`. */
  limited_to: string | null
  /** Null: the grant has no name. */
  retry_digest: string | null
}

export interface CustomKeyStoresTable {
  account: string
  region: string
  store_id: string
  name: string
  type: string
  created_at: number
  connection_state: string
  connection_error_code: string | null
  attempt: number
  /** Null: not of the type AWS_CLOUDHSM. */
  cluster_id: string | null
  /** What else belongs to the type. */
  configuration: string
  secret: Uint8Array
  pending_secret: Uint8Array | null
}

export interface UnfinishedStoreKeysTable {
  region: string
  material_id: string
  account: string
  key_id: string
  store_id: string
  created_at: number
}

export interface DomainKeysTable {
  id: string
  root_key_id: string
  wrapped: Uint8Array
  created_at: number
  /** Null: tokens in the store may be under it. */
  unused_since: number | null
}

export interface EventOutboxTable {
  position: Generated<number>
  /** JSON. */
  event: string
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
