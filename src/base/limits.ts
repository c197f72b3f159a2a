/** Every bound of the service, by name. Sizes are bytes unless the name says otherwise. */
import type { Service } from './services.ts'

/** operations.md 1.4: the largest legal request stays below 512 KiB. */
export const REQUEST_BODY_BYTES_MAX = 1024 * 1024
/** operations.md 1.4: bodies are read before signatures are checked, but longer ones only for those whose signature is right: reading costs up to 80 ms. */
export const UNPROVED_BODY_BYTES_MAX = 16 * 1024
/** Of all requests that one process holds, together: connections are many, and each may bring the largest body. */
export const REQUEST_BODIES_BYTES_MAX = 256 * 1024 * 1024
/** Request line and headers together. */
export const REQUEST_HEADERS_BYTES_MAX = 16 * 1024
export const REQUEST_HEADERS_COUNT_MAX = 100
/** Objects and arrays inside one another in a request or a policy; the deepest legal request needs 4. */
export const JSON_DEPTH_MAX = 32

/** Temporary credentials: clients keep room for tokens of this length (authorization.md 6.7). */
export const SESSION_TOKEN_CHARS_MAX = 4_096
/** Session policies and tags in a token, deflated; 100 percent of PackedPolicySize. */
export const SESSION_PACKED_BYTES_MAX = 2_048
/** The same as text: what the models of STS allow, with room for escapes. */
export const SESSION_UNPACKED_BYTES_MAX = 256 * 1024

/** The longest session: GetSessionToken for a user (authorization.md 6.3). */
export const SESSION_SECONDS_MAX = 129_600
/** A revocation outlives every session that there can be when it is made; clocks of nodes may differ a little. */
export const SESSION_REVOCATION_MS = SESSION_SECONDS_MAX * 1000 + 5 * 60 * 1000
export const REVOCATIONS_PRUNE_INTERVAL_MS = 10 * 60 * 1000

/** Documents of identity providers, and how long one is waited for. */
export const FETCHED_DOCUMENT_BYTES_MAX = 256 * 1024
export const FETCH_TIMEOUT_MS = 5_000
/** authorization.md 6.5: how long their keys are kept, whatever their servers say. */
export const PROVIDER_KEYS_AGE_MS_MIN = 5 * 60 * 1000
export const PROVIDER_KEYS_AGE_MS_MAX = 24 * 60 * 60 * 1000
/** A provider is asked again for an unknown key, or after a failure, at most this often. */
export const PROVIDER_KEYS_REFETCH_MS = 10_000
export const PROVIDER_KEYS_COUNT_MAX = 200
export const CACHED_PROVIDERS_MAX = 1_000
/** By how much a provider's clock may differ from ours. */
export const WEB_IDENTITY_SKEW_MS_MAX = 60_000

/** keystores.md XC-1: how long one attempt at a call of an external key store proxy may take, all of it. */
export const XKS_TIMEOUT_MS = 250
/** What an operator may make of it, for a proxy that is far away. */
export const XKS_TIMEOUT_MS_MAX = 10_000
/** keystores.md XC-2: first attempts; as many second ones may be under way. XC-4: answers. */
export const XKS_CALLS_IN_FLIGHT_MAX = 256
export const XKS_ANSWER_BYTES_MAX = 64 * 1024
/** Objects and arrays inside one another in an answer; the deepest legal one needs 3. */
export const XKS_ANSWER_DEPTH_MAX = 16
/** Connections of which none is closed for idleness before this; proxies keep them open for at least 65 s (keystores.md 6.5). */
export const XKS_IDLE_CONNECTION_MS_MAX = 60_000
/** keystores.md XC-11. */
export const XKS_HEALTH_INTERVAL_MS = 2 * 60 * 1000
/** lifecycle.md 10.4: below this the log warns of a proxy's certificate. */
export const XKS_CERTIFICATE_WARNING_MS = 10 * 24 * 60 * 60 * 1000
/** How long a connection that was replaced stays for calls that are under way. */
export const XKS_REPLACED_CONNECTION_MS = 30_000
/** Of one node: to notice a key manager that gives an IV twice (keystores.md 5.3). */
export const XKS_REMEMBERED_IVS_MAX = 10_000
/** The same failure of one store is logged once in this time. */
export const XKS_FAILURE_LOG_INTERVAL_MS = 10_000
/** Of what a proxy says of an error, for the log (keystores.md XC-10). */
export const XKS_ERROR_MESSAGE_CHARS_MAX = 512

/** Keyhold as the proxy of external key stores (keystores.md sections 3 and 6): connections, bodies, nesting, the clocks of callers. */
export const XKS_SERVER_CONNECTIONS_MAX = 1_000
export const XKS_REQUEST_BYTES_MAX = 64 * 1024
export const XKS_REQUEST_DEPTH_MAX = 16
export const XKS_URI_CHARS_MAX = 256
export const XKS_CLOCK_SKEW_MS_MAX = 5 * 60 * 1000
/** Of a text of `requestMetadata`, in records: the longest ARN. */
export const XKS_METADATA_CHARS_MAX = 2_048
/** keystores.md 3.5: what every proxy has to take, and this one does not exceed. */
export const XKS_PLAINTEXT_BYTES_MAX = 4_300
export const XKS_AAD_BYTES_MAX = 8_192
/** keystores.md 6.2: for the work of one call, so that the caller hears of it within its own 250 ms; a caller that waits longer may be given more. */
export const XKS_WORK_MS = 200
/** keystores.md 6.4: how often health is looked at, how old what is answered may be, what is slow. */
export const XKS_SERVER_HEALTH_INTERVAL_MS = 20_000
export const XKS_SERVER_HEALTH_AGE_MS_MAX = 60_000
export const XKS_SERVER_HEALTH_SLOW_MS = 100
export const XKS_TENANTS_MAX = 100
export const XKS_EXTERNAL_KEYS_MAX = 1_000
/** Of one tenant: credentials, how often the folder is looked at for others, and the length of a file of one. */
export const XKS_CREDENTIALS_MAX = 100
export const XKS_CREDENTIALS_LOOK_INTERVAL_MS = 1_000
export const XKS_CREDENTIAL_FILE_BYTES_MAX = 4_096

/** Parameters of a request of the query protocol; the largest sensible one simulates policies. */
export const QUERY_PARAMETERS_MAX = 5_000
/** Parts of a parameter's name; the deepest is `ContextEntries.member.1.ContextKeyValues.member.1`. */
export const QUERY_DEPTH_MAX = 10

/** Of the web console's build, which every process keeps in memory once somebody looks at it. */
export const CONSOLE_FILES_MAX = 500
export const CONSOLE_BYTES_MAX = 16 * 1024 * 1024

export const CONNECTIONS_MAX = 10_000
/** Addresses of a forwarded request that are looked at, from the nearest on. */
export const FORWARDED_HOPS_MAX = 16
export const HEADERS_TIMEOUT_MS = 10_000
export const REQUEST_TIMEOUT_MS = 30_000
export const KEEP_ALIVE_TIMEOUT_MS = 75_000
export const SHUTDOWN_TIMEOUT_MS = 10_000
/** At a stop: until all workers of a server have heard of it. */
export const SHUTDOWN_SETTLE_MS = 20
/** How long a request that was on its way on a kept connection is still answered then, for as far away as clients are. */
export const SHUTDOWN_GRACE_MS = 200
/** After that, connections that have nothing more to be answered are ended, and looked for so often. */
export const SHUTDOWN_LOOK_INTERVAL_MS = 20
/** How long a connection that has not agreed on TLS at a stop may still take to. */
export const SHUTDOWN_HANDSHAKE_MS = 1_000
/** How long a client that has all of its answers may take to end its side too, while what it still sends is thrown away. */
export const SHUTDOWN_LINGER_MS = 500

/** operations.md 1.6: a request date may differ from ours by this much. STS and IAM name a quarter of an hour in their own refusals. */
export const CLOCK_SKEW_MS_MAX: Readonly<Record<Service, number>> = {
  kms: 5 * 60 * 1000,
  sts: 15 * 60 * 1000,
  iam: 15 * 60 * 1000,
  cloudtrail: 5 * 60 * 1000,
}
/** operations.md 1.6, query authentication. */
export const PRESIGNED_EXPIRY_SECONDS_MAX = 604_800

export const ALIASES_PER_KEY_MAX = 50
export const KEYS_PER_ACCOUNT_AND_REGION_MAX = 100_000
export const TAGS_PER_KEY_MAX = 50
/** authorization.md GL-7. */
export const GRANTS_PER_KEY_MAX = 50_000
/** authorization.md GC-1. */
export const GRANT_CONSTRAINT_PAIRS_MAX = 8
export const GRANT_CONSTRAINT_VALUE_CHARS_MAX = 384
/** Grants that a node holds, and keys of which it knows whether they have any. */
export const CACHED_GRANTS_MAX = 100_000
/** One for each on-demand rotation (lifecycle.md ROT-32), the first, and a pending one; with room to spare. */
export const IMPORTED_MATERIALS_PER_KEY_MAX = 100
/** A key's materials, where all of them are read. */
export const MATERIALS_READ_AT_ONCE_MAX = 1_000
/** lifecycle.md ROT-32: in the life of a key. */
export const ON_DEMAND_ROTATIONS_MAX = 25
export const POLICY_BYTES_MAX = 32_768
/** operations.md 1.7: more validation errors than this are not reported. */
export const VALIDATION_ERRORS_MAX = 10

/** lifecycle.md CT-1: blob lengths, suite 0x01. */
export const CIPHERTEXT_BLOB_BYTES_MAX = 6144

/** Entries of the per-node caches. Records and unwrapped material are dangerous in different ways, so they live apart. */
export const CACHED_KEYS_MAX = 50_000
export const CACHED_ALIASES_MAX = 50_000
/** Keys and aliases that callers of other accounts asked for and that do not exist. */
export const CACHED_ABSENCES_MAX = 10_000
/** Keys whose aliases are remembered, for callers whose policies name kms:ResourceAliases. */
export const CACHED_ALIAS_LISTS_MAX = 10_000
export const CACHED_ACCESS_KEYS_MAX = 10_000
export const CACHED_SIGNING_KEYS_MAX = 10_000
export const CACHED_KEY_MATERIALS_MAX = 20_000
/** Plaintext material leaves memory after this much time without use (lifecycle.md ENV-32). */
export const CACHED_KEY_MATERIAL_TTL_MS = 15 * 60 * 1000

/** Custom key stores: a quota, what a node keeps of them, and keystores.md KS-7 per node. */
export const CUSTOM_KEY_STORES_PER_ACCOUNT_AND_REGION_MAX = 10
export const CACHED_KEY_STORES_MAX = 1_000
export const KEY_STORE_CALLS_PER_SECOND_MAX = 1_800
/** Sessions of one token in one process, and calls that wait for one: at most so many, so long (keystores.md 2.3, 2.7). */
export const HSM_SESSIONS_MAX = 16
export const HSM_SESSIONS_WAITING_MAX = 1_000
export const HSM_SESSION_WAIT_MS_MAX = 200
/** keystores.md HF-1, and the same for what is done once for a connection or a key. */
export const HSM_CALL_MS_MAX = 2_000
export const HSM_SETUP_MS_MAX = 10_000
/** A token that is not there is looked for so often, with such pauses, by who opens a connection. */
export const HSM_LOOKS_MAX = 4
export const HSM_LOOKS_PAUSE_MS = 50
/** A root key in an HSM is asked seldom: after this much time its login ends. */
export const HSM_ROOT_KEY_IDLE_MS = 10_000
/** Keys that a new connection looks for, to tell of those that are missing: at most so many, so many in one call. */
export const HSM_KEYS_LOOKED_UP_MAX = 10_000
export const HSM_KEYS_LOOKED_UP_AT_ONCE = 500
/** A connection that was lost is made anew after growing pauses. */
export const HSM_RECONNECT_MS_MIN = 1_000
export const HSM_RECONNECT_MS_MAX = 60_000
/** After this much time a key that was begun in an HSM is nobody's. */
export const UNFINISHED_STORE_KEY_MS = 10 * 60 * 1000
/** How long the node that connects and disconnects stores may take before another does it. */
export const KEY_STORES_LEASE_MS = 120_000

/**
 * Characters compared while one use of one resource is judged; what takes more cannot be judged. The most that policies of AWS's sizes
 * need with values of usual ones is a hundredth; the bound takes some 50 ms.
 */
export const POLICY_COMPARISONS_MAX = 4_000_000

/** Policies in compiled form: how many, and the length of their texts together (compiled they take some ten times as much). */
export const COMPILED_POLICIES_MAX = 20_000
export const COMPILED_POLICY_CHARS_MAX = 8 * 1024 * 1024
/** Actions whose statements a compiled policy remembers; all operations together have fewer. */
export const COMPILED_POLICY_ACTIONS_MAX = 256

/** design.md section 3: a change is in force on every node within 1 s. */
export const CHANGES_IN_FORCE_MS_MAX = 1_000
export const CHANGE_POLL_INTERVAL_MS = 200
/** A node that could not read the changes for this long refuses to answer. */
export const STALENESS_MS_MAX = 10_000
/** Entries of the changes table older than this are pruned; a node that was away longer drops its caches. */
export const CHANGES_RETENTION_MS = 60 * 60 * 1000
export const CHANGES_PRUNE_INTERVAL_MS = 10 * 60 * 1000

/** lifecycle.md 8.4: a new domain key is made after this much time. */
export const DOMAIN_KEY_AGE_MS_MAX = 24 * 60 * 60 * 1000
/** The same: how long the last one serves where the root key cannot be used, and how often that is tried meanwhile. */
export const DOMAIN_KEY_OVERDUE_MS_MAX = 7 * 24 * 60 * 60 * 1000
export const DOMAIN_KEY_RETRY_MS = 60 * 1000
/** lifecycle.md ENV-31: how old a domain key gets before what it sealed is sealed anew; by far more than a session or an import token lives. */
export const DOMAIN_KEY_RESEALED_AFTER_MS = 30 * 24 * 60 * 60 * 1000
/** How long nothing has to be under a domain key before it is destroyed. */
export const DOMAIN_KEY_RETENTION_MS = 7 * 24 * 60 * 60 * 1000
export const DOMAIN_KEYS_LOOK_INTERVAL_MS = 60 * 60 * 1000
/** Tokens that are read, and sealed anew in one change, at a time, and how many times in one look of the jobs. */
export const RESEAL_TOKENS_PER_PAGE = 100
export const RESEAL_PAGES_PER_LOOK_MAX = 100

/** The socket of 'keyhold unseal': connections, a line, and how long one is waited for. */
export const UNSEAL_CONNECTIONS_MAX = 16
export const UNSEAL_LINE_CHARS_MAX = 1024
export const UNSEAL_TIMEOUT_MS = 10_000
/** Shares that are too few are forgotten this much time after the last. */
export const UNSEAL_SHARES_KEPT_MS = 60 * 60 * 1000

/** A KMS elsewhere that has the root key: one attempt, attempts, the first pause between them, and its answer. */
export const KMS_CALL_MS_MAX = 5_000
export const KMS_ATTEMPTS_MAX = 4
export const KMS_RETRY_PAUSE_MS = 200
export const KMS_ANSWER_BYTES_MAX = 64 * 1024
/** Where connections are kept: how long one that nobody uses. */
export const KMS_IDLE_CONNECTION_MS_MAX = 30_000

/** The Kubernetes plugin: connections of API servers, calls on each that may be under way at once, and connections to the KMS. */
export const KUBERNETES_CONNECTIONS_MAX = 16
export const KUBERNETES_CALLS_PER_CONNECTION_MAX = 128
export const KUBERNETES_KMS_CONNECTIONS_MAX = 32
/** Annotations of 32 KiB, a ciphertext of 1 KiB and a key_id of 1 KiB are the longest that an API server keeps. */
export const KUBERNETES_REQUEST_BYTES_MAX = 64 * 1024
export const KUBERNETES_CIPHERTEXT_BYTES_MAX = 1024
/** A call whose caller names no deadline; API servers wait 3 s unless told otherwise. */
export const KUBERNETES_CALL_MS_MAX = 10_000
/** How long what is known of the key answers Status: a little less than the minute after which an API server asks again. */
export const KUBERNETES_STATUS_FRESH_MS = 50_000
/** And how long a failure does. */
export const KUBERNETES_FAILURE_FRESH_MS = 3_000
/** How long a KMS may take until all of its machines use new key material. */
export const KUBERNETES_ROTATION_MS_MAX = 10 * 60 * 1000

/** audit.md G-3: a record that is not on stable storage after this much time fails its request. */
export const AUDIT_WRITE_TIMEOUT_MS = 2_000
/** audit.md section 9, row 7: bytes waiting for the disk before new requests are throttled. */
export const AUDIT_QUEUE_BYTES_MAX = 16 * 1024 * 1024
/** audit.md section 9, row 2. */
export const AUDIT_BATCH_BYTES_MAX = 256 * 1024
export const AUDIT_SEGMENT_BYTES_MAX = 64 * 1024 * 1024
/** audit.md section 1: the whole event, and its parts. */
export const AUDIT_RECORD_BYTES_MAX = 256 * 1024
export const AUDIT_PARAMETERS_BYTES_MAX = 100 * 1024
export const AUDIT_ADDITIONAL_BYTES_MAX = 28 * 1024
export const AUDIT_USER_AGENT_BYTES_MAX = 1024
export const AUDIT_ERROR_MESSAGE_BYTES_MAX = 1024
/**
 * Header, payload and hash. A batch is measured in UTF-16 units (free to count), each at most 3 bytes of UTF-8, so a full
 * one stays below this; a reader refuses to believe a longer length.
 */
export const AUDIT_FRAME_BYTES_MAX = 1024 * 1024
/** Space is laid out this much at a time, so that most writes change no file metadata (audit.md section 9, row 4). */
export const AUDIT_PREALLOCATION_BYTES = 1024 * 1024
/** Ended streams that one open record names; those beyond are named by the next start. */
export const AUDIT_PREVIOUS_STREAMS_MAX = 1_000
/** Attempts to write again after a failure (audit.md G-3). */
export const AUDIT_RETRY_MS_MIN = 100
export const AUDIT_RETRY_MS_MAX = 5_000
/** Problems, and warnings, that a verification reports. */
export const AUDIT_FINDINGS_MAX = 1_000
/** Lines that the in-memory log keeps. */
export const AUDIT_MEMORY_LINES_MAX = 10_000
/** audit.md section 10: checkpoints, and the time without one that is a finding. */
export const AUDIT_CHECKPOINT_INTERVAL_MS = 60_000
export const AUDIT_CHECKPOINT_GAP_MS = 150_000
/** A line, and the streams in it; those beyond are in the next, which follows at once. A file goes on in another after so many bytes. */
export const AUDIT_CHECKPOINT_BYTES_MAX = 1024 * 1024
export const AUDIT_CHECKPOINT_STREAMS_MAX = 4_000
export const AUDIT_CHECKPOINT_FILE_BYTES_MAX = 4 * 1024 * 1024
/** Streams whose removed segments one line tells of. */
export const AUDIT_REMOVALS_PER_CHECKPOINT_MAX = 1_000
/** At a stop: how long places that checkpoints are sent to are waited for. */
export const AUDIT_CHECKPOINT_SEND_MS_MAX = 5_000
/** Of checkpoints that could not be brought to where they are kept as well. */
export const AUDIT_CHECKPOINTS_UNSENT_MAX = 1_000
export const AUDIT_KEY_AGE_MS_MAX = 365 * 24 * 60 * 60 * 1000
/** Records of one file that is delivered are from a part of the log of this size at most; and how long a stop waits for the last delivery. */
export const AUDIT_DELIVERY_BATCH_BYTES_MAX = 8 * 1024 * 1024
export const AUDIT_DELIVERY_STOP_MS_MAX = 5_000
/** Of a compressed segment: a MiB of it each, by far more than one has. */
export const AUDIT_COMPRESSED_CHUNKS_MAX = 4_096
/** Keeping the log in bounds: how long after a start, how often, and how many segments at once. */
export const AUDIT_KEEPING_FIRST_DELAY_MS = 5_000
export const AUDIT_KEEPING_INTERVAL_MS = 5 * 60 * 1000
export const AUDIT_SEGMENTS_REMOVED_AT_ONCE_MAX = 1_000
export const AUDIT_SEGMENTS_COMPRESSED_AT_ONCE_MAX = 256
/** audit.md section 6: how far back LookupEvents sees, */
export const EVENT_HISTORY_MS = 90 * 24 * 60 * 60 * 1000
/** how much of the log successful calls that change nothing are looked for in, and what the index may take for it. */
export const EVENT_HISTORY_ROUTINE_BYTES_MAX = 20 * 1024 * 1024 * 1024
export const EVENT_INDEX_BYTES_MAX = 2 * 1024 * 1024 * 1024
/** The log is indexed in parts of about this size, of which one call reads at most so many; and how often the rest is forgotten. */
export const EVENT_BLOCK_BYTES = 1024 * 1024
export const EVENT_BLOCKS_READ_MAX = 128
export const EVENT_BLOCKS_PER_PRUNING = 1_000
/** How long a call waits for the log to be indexed, how many may wait, and how long the thread that does it stays for the next. */
export const EVENT_LOOKUP_MS_MAX = 20_000
export const EVENT_LOOKUPS_WAITING_MAX = 32
export const EVENT_THREAD_IDLE_MS = 5 * 60 * 1000
/** audit.md section 6: calls of LookupEvents, of one account in one Region; of so many of them a node keeps count. */
export const LOOKUPS_PER_SECOND_MAX = 2
export const COUNTED_LOOKUPS_MAX = 10_000
/** How often what is new in the log gets into the index, once there is one. */
export const EVENT_INDEX_INTERVAL_MS = 60_000
/** audit.md G-4: below the first a warning, below the second changes are refused, below the third everything is. */
export const FREE_SPACE_BYTES_WARN = 512 * 1024 * 1024
export const FREE_SPACE_BYTES_CHANGES_MIN = 64 * 1024 * 1024
export const FREE_SPACE_BYTES_MIN = 16 * 1024 * 1024
/** audit.md G-4: given back when the disk is full, so that the records of calls already admitted still fit. */
export const FREE_SPACE_BYTES_RESERVE = 4 * 1024 * 1024
export const FREE_SPACE_INTERVAL_MS = 2_000

/** Timed work: how often a node looks, and how long the one that does it may hold the lease without renewing. */
/** After a start: what fell due while nobody ran is made up for, but not before the first calls are answered. */
export const JOB_FIRST_DELAY_MS = 1_000
export const JOB_INTERVAL_MS = 10_000
export const JOB_LEASE_MS = 60_000
/** lifecycle.md DEL-31: how often a node saves when keys were last used, and how many keys it holds until then. */
export const KEY_USES_SAVE_INTERVAL_MS = 60_000
export const KEY_USES_HELD_MAX = 50_000
/** Rows of one transaction, so that no change waits long for it. */
export const KEY_USES_SAVED_AT_ONCE_MAX = 1_000
/** Calls that were refused because their key is pending deletion: an operator wants to know soon. */
export const REFUSED_CALLS_SAVE_INTERVAL_MS = 1_000
export const REFUSED_CALLS_HELD_MAX = 10_000
/** Of one key an alarm is raised once in this time: the period of AWS's recipe (lifecycle.md 10.4). */
export const ALARM_PERIOD_MS = 5 * 60_000
export const ALARMS_AT_ONCE_MAX = 100
export const EVENTS_SENT_AT_ONCE_MAX = 100
export const EVENT_TIMEOUT_MS = 5_000
/** After this much time the rest waits for the next round, so that a slow receiver keeps neither other work nor the end of the process waiting. */
export const EVENTS_ROUND_MS_MAX = 5_000

/** Written audit records are struck from the outbox together, at most this long after. */
export const OUTBOX_SWEEP_INTERVAL_MS = 1_000

/**
 * A record that is still in the outbox of a store of several machines after this much time is logged by another node: its own may never
 * come back.
 */
export const AUDIT_RECORD_ABANDONED_MS = 15 * 60_000

/** A change waits at most this long for changes that other processes make. */
export const STORE_WRITE_LOCK_WAIT_MS_MAX = 10_000
/** A node with more changes in the queue lets other processes have a turn after this much time. */
export const STORE_WRITE_TURN_MS_MAX = 50
/** PostgreSQL: connections of one process, besides that which listens; those that nobody uses are closed after a while. */
export const STORE_CONNECTIONS_MAX = 4
export const STORE_CONNECTION_IDLE_MS = 30_000
/** To be connected; and for the answer that says that caches are true. */
export const STORE_CONNECT_MS_MAX = 3_000
export const STORE_STATEMENT_MS_MAX = 15_000
/**
 * The server ends a session that does nothing inside a transaction: its machine may be gone, and others wait for its lock. Well before
 * they give up.
 */
export const STORE_IDLE_TRANSACTION_MS_MAX = 5_000
/** For a server that went away at the moment of a commit to come back and say whether it was one. */
export const STORE_OUTCOME_WAIT_MS_MAX = 5_000
export const STORE_OUTCOME_RETRY_MS = 200
/** Rows of a store that moves: with the columns of the widest table fewer values than a statement may have. */
export const STORE_COPIED_AT_ONCE_MAX = 1_000

/** More changes of other nodes than this at once: a follower drops its caches rather than read them all. */
export const CHANGES_BATCH_MAX = 10_000
/** Entries of the changes table that are pruned in one transaction. */
export const CHANGES_PRUNED_MAX = 10_000

/** Authorization headers whose parts are remembered without their signature; longer ones are read anew each time. */
export const CACHED_AUTHORIZATIONS_MAX = 4_000
export const CACHED_AUTHORIZATION_CHARS_MAX = 1_024
/** The model of IAM bounds access key ids so. */
export const ACCESS_KEY_ID_CHARS_MAX = 128
/** As long as the longest ARN of a grant's constraint (authorization.md 4.1). */
export const SOURCE_ARN_CHARS_MAX = 2048
/** Requests of one connection that may be under way at once; no SDK sends a second before the first is answered. */
export const PIPELINED_REQUESTS_MAX = 64
/** Bytes that are still read and thrown away after a request was refused as too large, so that its sender sees why. */
export const REFUSED_BODY_BYTES_MAX = 8 * 1024 * 1024
export const REFUSED_BODY_TIMEOUT_MS = 2_000
/** How often overdue connections are looked for, and changed certificate files. */
export const CONNECTIONS_CHECK_INTERVAL_MS = 1_000
export const TLS_RELOAD_INTERVAL_MS = 10_000
/** audit.md AU-3: one line per source address and access key id in this time; further sources share one line. */
export const SECURITY_LOG_INTERVAL_MS = 10_000
export const SECURITY_LOG_ENTRIES_MAX = 1_000

/** Slow cryptography at once: libuv has 4 threads, and the audit log's fdatasync needs one to be free at any time. */
export const SLOW_WORK_RUNNING_MAX = 2
/** Slow jobs that wait for their turn; one more is throttled. */
export const SLOW_WORK_WAITING_MAX = 1_000
/** Jobs handed to the thread that runs JavaScript cryptography: one running, one that it finds ready. */
export const OFF_THREAD_RUNNING_MAX = 2

/** Quotas of an account and its identities (authorization.md 6.1). */
export const USERS_PER_ACCOUNT_MAX = 5_000
export const ROLES_PER_ACCOUNT_MAX = 1_000
export const GROUPS_PER_ACCOUNT_MAX = 300
export const MANAGED_POLICIES_PER_ACCOUNT_MAX = 1_500
export const OIDC_PROVIDERS_PER_ACCOUNT_MAX = 100
export const ACCESS_KEYS_PER_USER_MAX = 2
export const GROUPS_PER_USER_MAX = 10
export const ATTACHED_POLICIES_MAX = 10
export const POLICY_VERSIONS_MAX = 5
export const TAGS_PER_IDENTITY_MAX = 50
/** Of all inline policies of one identity, white space not counted. */
export const INLINE_POLICIES_CHARS_MAX = { user: 2_048, role: 10_240, group: 5_120 } as const
/** Policies that one simulation brings along: each is asked about up to a thousand actions. */
export const SIMULATED_POLICIES_MAX = 100
/** White space not counted. */
export const MANAGED_POLICY_CHARS_MAX = 6_144
export const TRUST_POLICY_CHARS_MAX = 2_048

/** Users, roles and sessions whose policies are at hand. */
export const CACHED_RIGHTS_MAX = 10_000
/** SEC-7: how often it is saved when access keys were last used, and how many are held until then. */
export const ACCESS_KEY_USES_SAVE_INTERVAL_MS = 60_000
export const ACCESS_KEY_USES_HELD_MAX = 10_000

/** Series that name a key: those of further keys share one, or are left out. */
export const METRICS_KEYS_MAX = 1_000
/** Keys that are counted in one query, which takes about a millisecond: calls come in between. */
export const METRICS_KEYS_COUNTED_AT_ONCE_MAX = 200
/** Of the time while keys are counted, and of all time: a store of a million keys is counted seldom, a small one each time. */
export const METRICS_COUNTING_PACE_MAX = 0.1
export const METRICS_COUNTING_SHARE_MAX = 0.01
/** Who collects metrics waits no longer for a count: the one before is shown. */
export const METRICS_COUNTING_WAIT_MS_MAX = 500
/** A process that does not say in this time what it has measured is shown as it was when it last did. */
export const METRICS_PROCESS_TIMEOUT_MS = 2_000
/** Of the listener for metrics. */
export const METRICS_CONNECTIONS_MAX = 16
export const METRICS_REQUEST_TIMEOUT_MS = 5_000
export const METRICS_HEADERS_BYTES_MAX = 8 * 1024
