/** All commands, in the order of the help text. */
import { auditShow } from './audit-show.ts'
import { auditVerify } from './audit-verify.ts'
import type { Command } from './command.ts'
import { dev } from './dev.ts'
import { seed } from './seed.ts'
import { start } from './start.ts'
import { version } from './version.ts'

export const COMMANDS: readonly Command[] = Object.freeze([start, dev, seed, auditVerify, auditShow, version])
