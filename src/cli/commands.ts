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
  { name: 'version', summary: 'Print the version.', load: async () => (await import('./version.ts')).version },
])
