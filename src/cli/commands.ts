/** All commands, in the order of the help text. Each is loaded when it is called: most need little of the server. */
import type { Command } from './command.ts'

export interface CommandEntry {
  /** As it is typed: `audit verify`. */
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  load(): Promise<Command>
}

export const COMMANDS: readonly CommandEntry[] = Object.freeze([
  { name: 'start', summary: 'Run a durable server.', load: async () => (await import('./start.ts')).start },
  {
    name: 'dev',
    summary: 'Run a server for development: in memory, any credentials, not secure.',
    load: async () => (await import('./dev.ts')).dev,
  },
  {
    name: 'seed',
    summary: 'Create keys that a file describes, in the data folder of a stopped server.',
    load: async () => (await import('./seed.ts')).seed,
  },
  {
    name: 'account create',
    summary: 'Make one more account.',
    load: async () => (await import('./account-create.ts')).accountCreate,
  },
  {
    name: 'account list',
    summary: 'List the accounts.',
    load: async () => (await import('./account-list.ts')).accountList,
  },
  {
    name: 'account root-key',
    summary: "Make an access key of an account's root.",
    load: async () => (await import('./account-root-key.ts')).accountRootKey,
  },
  { name: 'user create', summary: 'Make a user.', load: async () => (await import('./user-create.ts')).userCreate },
  { name: 'user list', summary: 'List users.', load: async () => (await import('./user-list.ts')).userList },
  { name: 'user delete', summary: 'Delete a user.', load: async () => (await import('./user-delete.ts')).userDelete },
  { name: 'role create', summary: 'Make a role.', load: async () => (await import('./role-create.ts')).roleCreate },
  { name: 'role list', summary: 'List roles.', load: async () => (await import('./role-list.ts')).roleList },
  {
    name: 'access-key create',
    summary: 'Make an access key for a user.',
    load: async () => (await import('./access-key-create.ts')).accessKeyCreate,
  },
  {
    name: 'access-key list',
    summary: 'List the access keys of a user.',
    load: async () => (await import('./access-key-list.ts')).accessKeyList,
  },
  {
    name: 'access-key disable',
    summary: 'Make an access key unusable.',
    load: async () => (await import('./access-key-change.ts')).accessKeyDisable,
  },
  {
    name: 'access-key enable',
    summary: 'Make a disabled access key usable again.',
    load: async () => (await import('./access-key-change.ts')).accessKeyEnable,
  },
  {
    name: 'access-key delete',
    summary: 'Delete an access key.',
    load: async () => (await import('./access-key-change.ts')).accessKeyDelete,
  },
  {
    name: 'service create',
    summary: 'Make a service: a program that may act for users.',
    load: async () => (await import('./service-create.ts')).serviceCreate,
  },
  {
    name: 'service list',
    summary: 'List services and their access keys.',
    load: async () => (await import('./service-list.ts')).serviceList,
  },
  {
    name: 'service access-key',
    summary: 'Make another access key for a service.',
    load: async () => (await import('./service-create.ts')).serviceAccessKey,
  },
  {
    name: 'service delete',
    summary: 'Delete a service with its access keys.',
    load: async () => (await import('./service-delete.ts')).serviceDelete,
  },
  {
    name: 'session revoke',
    summary: 'End temporary credentials before their time.',
    load: async () => (await import('./session-revoke.ts')).sessionRevoke,
  },
  {
    name: 'session list',
    summary: 'List revoked sessions.',
    load: async () => (await import('./session-list.ts')).sessionList,
  },
  {
    name: 'policy attach',
    summary: 'Attach a managed policy to a user, role or group.',
    load: async () => (await import('./policy-attach.ts')).policyAttach,
  },
  {
    name: 'policy detach',
    summary: 'Take a managed policy away again.',
    load: async () => (await import('./policy-attach.ts')).policyDetach,
  },
  {
    name: 'policy put',
    summary: 'Give a user, role or group an inline policy.',
    load: async () => (await import('./policy-put.ts')).policyPut,
  },
  {
    name: 'policy delete',
    summary: 'Delete an inline policy.',
    load: async () => (await import('./policy-put.ts')).policyDelete,
  },
  { name: 'policy list', summary: 'List policies.', load: async () => (await import('./policy-list.ts')).policyList },
  {
    name: 'key reset-policy',
    summary: 'Give a key the default policy, when its own lets nobody in.',
    load: async () => (await import('./key-reset-policy.ts')).keyResetPolicy,
  },
  {
    name: 'root-key show',
    summary: 'Tell which root key protects the data folder.',
    load: async () => (await import('./root-key-show.ts')).rootKeyShow,
  },
  {
    name: 'root-key change',
    summary: 'Protect the data folder by another root key, while its server runs.',
    load: async () => (await import('./root-key-change.ts')).rootKeyChange,
  },
  {
    name: 'root-key split',
    summary: 'Make the root key of a new data folder, in shares that people keep.',
    load: async () => (await import('./root-key-split.ts')).rootKeySplit,
  },
  {
    name: 'unseal',
    summary: 'Give a share of the root key to the server that waits for it.',
    load: async () => (await import('./unseal.ts')).unseal,
  },
  {
    name: 'xks-credential create',
    summary: 'Make a credential for the external key store proxy.',
    load: async () => (await import('./xks-credential-create.ts')).xksCredentialCreate,
  },
  {
    name: 'kubernetes-plugin',
    summary: 'Be the KMS provider of a Kubernetes API server.',
    load: async () => (await import('./kubernetes-plugin.ts')).kubernetesPlugin,
  },
  {
    name: 'hsm describe',
    summary: 'Print what a PKCS #11 library has, for the file of --hsm-clusters.',
    load: async () => (await import('./hsm-describe.ts')).hsmDescribe,
  },
  {
    name: 'attest',
    summary: 'Make an attestation document for development.',
    load: async () => (await import('./attest.ts')).attest,
  },
  {
    name: 'clock',
    summary: "Move the clock of a running 'keyhold dev'.",
    load: async () => (await import('./clock.ts')).clock,
  },
  {
    name: 'fault add',
    summary: "Make calls to a running 'keyhold dev' fail on purpose.",
    load: async () => (await import('./fault.ts')).faultAdd,
  },
  {
    name: 'fault list',
    summary: "List the faults of a running 'keyhold dev'.",
    load: async () => (await import('./fault.ts')).faultList,
  },
  {
    name: 'fault clear',
    summary: "End the faults of a running 'keyhold dev'.",
    load: async () => (await import('./fault.ts')).faultClear,
  },
  {
    name: 'simulate',
    summary: 'Say whether a call would be allowed, by what, and what would have to change.',
    load: async () => (await import('./simulate.ts')).simulate,
  },
  {
    name: 'explain',
    summary: 'Say why a call was refused or allowed, from its request id.',
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'audit verify',
    summary: 'Check that no audit record was changed, removed or reordered.',
    load: async () => (await import('./audit-verify.ts')).auditVerify,
  },
  {
    name: 'audit show',
    summary: 'Print the audit records, one line of JSON each.',
    load: async () => (await import('./audit-show.ts')).auditShow,
  },
  {
    name: 'key report',
    summary: 'Tell who used a key last, and what else hangs on it, before it is deleted.',
    load: async () => (await import('./key-report.ts')).keyReport,
  },
  {
    name: 'alarm list',
    summary: 'List keys that are pending deletion although somebody asks for them.',
    load: async () => (await import('./alarm-list.ts')).alarmList,
  },
  {
    name: 'store move',
    summary: 'Move the store into a database that machines share, or back.',
    load: async () => (await import('./store-move.ts')).storeMove,
  },
  { name: 'version', summary: 'Print the version.', load: async () => (await import('./version.ts')).version },
])
