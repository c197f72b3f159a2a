/**
 * Every metric, declared once (docs/metrics.md has them in words). Names and labels of `kms_…` are those of `AWS/KMS` in Prometheus's
 * spelling (lifecycle.md 10.3); `keyhold_…` are this program's own; `process_…` and `nodejs_…` are what Prometheus's libraries call theirs.
 */

interface Declared {
  /** In the order of a sample's values. No label takes a value that a caller who is not authenticated can choose. */
  readonly labels: readonly string[]
  readonly help: string
}

export interface CounterDeclaration extends Declared {
  readonly kind: 'counter'
}

export interface GaugeDeclaration extends Declared {
  readonly kind: 'gauge'
  /** What several processes that say the same labels come to. */
  readonly across: 'sum' | 'max' | 'min'
}

export interface HistogramDeclaration extends Declared {
  readonly kind: 'histogram'
  /** Upper bounds of the buckets, but for the last one, which has none. */
  readonly bounds: readonly number[]
}

export type MetricDeclaration = CounterDeclaration | GaugeDeclaration | HistogramDeclaration

function counter(help: string, ...labels: string[]): CounterDeclaration {
  return { kind: 'counter', help, labels }
}

function gauge(across: GaugeDeclaration['across'], help: string, ...labels: string[]): GaugeDeclaration {
  return { kind: 'gauge', across, help, labels }
}

function histogram(bounds: readonly number[], help: string, ...labels: string[]): HistogramDeclaration {
  return { kind: 'histogram', bounds, help, labels }
}

const REQUEST_SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
/** 0.25 and 0.5 are the budgets of one attempt and of two (keystores.md 5.2). */
const PROXY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 1, 5]
const DISK_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2]
const RECORDS = [1, 2, 4, 8, 16, 32, 64, 128, 256]

const STORE = 'custom_key_store_id'
const XKS = [STORE, 'kms_operation', 'xks_operation', 'key_spec'] as const

export const CATALOG = Object.freeze({
  kms_requests_total: counter(
    'Requests that named a service, by how they ended; exception_name is None for success.',
    ...['service', 'operation', 'exception_name'],
  ),
  kms_request_duration_seconds: histogram(
    REQUEST_SECONDS,
    'From the whole request to its answer, the audit record on stable storage included.',
    ...['service', 'operation'],
  ),
  kms_authentication_failures_total: counter(
    'Requests that were refused before it was known who sent them: signatures, access keys, tokens, times.',
    'exception_name',
  ),
  kms_successful_requests_total: counter(
    'SuccessfulRequest: cryptographic operations that succeeded, by key; ReEncrypt counts for both. Only with --metrics-by-key.',
    ...['key_arn', 'operation'],
  ),
  kms_keys: gauge('max', 'Keys by state, AWS managed keys included.', 'key_state'),
  kms_seconds_until_key_material_expiration: gauge(
    'min',
    'SecondsUntilKeyMaterialExpiration: to the earliest expiry of the imported material of a key; the soonest keys only.',
    'key_arn',
  ),
  kms_rotation_lag_seconds: gauge('max', 'Since the scheduled date of the automatic rotation that is longest overdue.'),
  kms_use_of_key_pending_deletion_total: counter(
    'Calls that were refused because their key is pending deletion, since that was scheduled; of the keys that go first and those asked for last.',
    'key_arn',
  ),
  kms_custom_key_store_connection_state: gauge(
    'max',
    '1 for the state that a custom key store is in.',
    ...[STORE, 'custom_key_store_type', 'connection_state'],
  ),
  kms_custom_key_store_throttles_total: counter(
    'CloudHSMKeyStoreThrottle and ExternalKeyStoreThrottle: calls beyond the request quota of a custom key store.',
    ...[STORE, 'kms_operation', 'key_spec'],
  ),
  kms_xks_proxy_calls_total: counter(
    'XksProxyErrors: calls of external key store proxies by how they ended; error_type is N/A and exception_name None for success.',
    ...[...XKS, 'error_type', 'exception_name'],
  ),
  kms_xks_proxy_latency_seconds: histogram(
    PROXY_SECONDS,
    'XksProxyLatency: of calls of external key store proxies, second attempts included.',
    ...XKS,
  ),
  kms_xks_external_key_manager_states: gauge(
    'max',
    'XksExternalKeyManagerStates: external key managers behind a proxy by state, as it said last.',
    ...[STORE, 'xks_external_key_manager_state'],
  ),
  kms_xks_proxy_certificate_days_to_expire: gauge(
    'min',
    'XksProxyCertificateDaysToExpire: of the certificate that the proxy showed last.',
    ...[STORE, 'certificate_name'],
  ),
  kms_xks_proxy_credential_age_days: gauge(
    'max',
    'XksProxyCredentialAge: since the authentication credential of the proxy was given.',
    STORE,
  ),

  keyhold_http_refusals_total: counter(
    'What was refused before it was a request to a service, by HTTP status.',
    'status',
  ),
  keyhold_connections: gauge('sum', 'Open connections of clients.', 'process'),
  keyhold_requests_in_flight: gauge('sum', 'Requests that have come and are not answered.', 'process'),
  keyhold_tls_certificate_days_to_expire: gauge('min', 'Of the certificate that the server shows to clients.'),

  keyhold_audit_batch_records: histogram(
    RECORDS,
    'Audit records that reached stable storage with one write; the sum is all records.',
  ),
  keyhold_audit_sync_seconds: histogram(
    DISK_SECONDS,
    'From handing a batch of records to the disk until it was stable.',
  ),
  keyhold_audit_queue_bytes: gauge('sum', 'Audit records that wait for the disk.', 'process'),
  keyhold_audit_refusals_total: counter(
    'Requests that were refused, and records that were given up, because the audit log could not take them.',
    'reason',
  ),
  keyhold_audit_writable: gauge('min', '0 while the audit log cannot be written, or its disk is too full.', 'process'),
  keyhold_audit_free_bytes: gauge('min', 'Free space of the disk that the audit log is on.'),
  keyhold_audit_torn_frames: gauge('max', 'Torn last frames that the start found, and cut off, after a crash.'),
  keyhold_audit_outbox_records: gauge(
    'max',
    'Records that were committed with their change and are not in the audit log yet.',
  ),

  keyhold_event_outbox_events: gauge('max', 'Events that nobody has taken yet.'),
  keyhold_event_outbox_oldest_age_seconds: gauge(
    'max',
    'Of the oldest event that nobody has taken yet; 0 if there is none.',
  ),

  keyhold_store_transactions_total: counter(
    'Changes of the store: committed, refused with an error for the caller, or failed.',
    'outcome',
  ),
  keyhold_store_transaction_seconds: histogram(
    DISK_SECONDS,
    'Of changes of the store, waiting for their turn included.',
  ),
  keyhold_change_lag_seconds: gauge('max', 'Since the changes of other processes were last read.', 'process'),
  keyhold_job_last_success_timestamp_seconds: gauge(
    'max',
    'When timed work last ended well in a process of this server.',
    'job_name',
  ),
  keyhold_job_failures_total: counter('Timed work that failed, and will be tried again.', 'job_name'),

  keyhold_build_info: gauge('max', 'Always 1.', ...['version', 'node_version']),
  keyhold_workers: gauge('max', 'Processes that serve requests.'),
  keyhold_worker_restarts_total: counter('Worker processes that died.'),
  keyhold_metrics_unheard_processes: gauge(
    'max',
    'Processes that did not answer in time, and are shown as they were before.',
  ),
  keyhold_event_loop_lag_seconds: gauge(
    'max',
    'How late timers were since metrics were last collected.',
    ...['process', 'statistic'],
  ),
  keyhold_event_loop_busy_seconds_total: counter('Time in which the event loop was not idle.', 'process'),
  process_cpu_seconds_total: counter('User and system time.', 'process'),
  process_resident_memory_bytes: gauge('sum', 'Resident memory.', 'process'),
  process_start_time_seconds: gauge('max', 'When the process started, since the epoch.', 'process'),
  nodejs_heap_size_used_bytes: gauge('sum', 'Used part of the heap of V8.', 'process'),
} satisfies Readonly<Record<string, MetricDeclaration>>)

export type MetricName = keyof typeof CATALOG

export function declarationOf(name: MetricName): MetricDeclaration {
  return CATALOG[name]
}

export const METRIC_NAMES = Object.freeze(Object.keys(CATALOG)) as readonly MetricName[]
