import { initial } from './0001-initial.ts'
import { rotationAndImport } from './0002-rotation-and-import.ts'
import { lastUsage } from './0003-last-usage.ts'
import { multiRegion } from './0004-multi-region.ts'
import { identities } from './0005-identities.ts'
import { grants } from './0006-grants.ts'
import { customKeyStores } from './0007-custom-key-stores.ts'
import { services } from './0008-services.ts'
import { revokedSessions } from './0009-revoked-sessions.ts'
import { eventsAndAlarms } from './0010-events-and-alarms.ts'
import { unusedDomainKeys } from './0011-domain-keys.ts'
import type { Migration } from './migration.ts'

/** In order of their numbers. */
export const migrations: readonly Migration[] = [
  initial,
  rotationAndImport,
  lastUsage,
  multiRegion,
  identities,
  grants,
  customKeyStores,
  services,
  revokedSessions,
  eventsAndAlarms,
  unusedDomainKeys,
]
