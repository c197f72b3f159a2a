/** Sets of key states that operations allow, one name for each distinct row of operations.md 5.2. */
import { KEY_STATES, type KeyState } from '../../domain/keys/key.ts'

/** Reading, PutKeyPolicy, DeleteAlias, and the present target of UpdateAlias. */
export const ANY_STATE: readonly KeyState[] = KEY_STATES

/** Cryptographic operations. A key whose primary Region is being changed keeps working. */
export const USABLE: readonly KeyState[] = ['Enabled', 'Updating']

/** The same for operations that are not for keys in custom key stores: those are told so, connected or not. */
export const USABLE_OUTSIDE_STORES: readonly KeyState[] = [...USABLE, 'Unavailable']

/** CreateGrant: a grant works once the key does. */
export const GRANTABLE: readonly KeyState[] = ['Enabled', 'Unavailable', 'Updating']

/** ReplicateKey. */
export const ENABLED: readonly KeyState[] = ['Enabled']

/** GetPublicKey: what is public needs no enabled key. */
export const PUBLIC_KEY_READABLE: readonly KeyState[] = ['Enabled', 'Disabled', 'Updating']

/** CreateAlias, the new target of UpdateAlias, tagging, UpdateKeyDescription. */
export const NOT_PENDING_DELETION: readonly KeyState[] = KEY_STATES.filter(
  (state) => state !== 'PendingDeletion' && state !== 'PendingReplicaDeletion',
)

/** EnableKey and DisableKey. */
export const SWITCHABLE: readonly KeyState[] = ['Enabled', 'Disabled', 'Unavailable']

/** ScheduleKeyDeletion. */
export const DELETABLE: readonly KeyState[] = NOT_PENDING_DELETION.filter((state) => state !== 'Updating')

/** CancelKeyDeletion. */
export const PENDING_DELETION: readonly KeyState[] = ['PendingDeletion', 'PendingReplicaDeletion']

/** GetParametersForImport. */
export const IMPORT_PREPARABLE: readonly KeyState[] = ['Enabled', 'Disabled', 'PendingImport']

/** ImportKeyMaterial. */
export const IMPORTABLE: readonly KeyState[] = [...IMPORT_PREPARABLE, 'Updating']

/** DeleteImportedKeyMaterial: a key that is pending deletion stays so. */
export const MATERIAL_DELETABLE: readonly KeyState[] = [...IMPORT_PREPARABLE, ...PENDING_DELETION]
