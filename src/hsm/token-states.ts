/** What tokens a library shows, and what they can do (keystores.md 2.3, steps 2 and 3). */
import type { TokenName } from './hsm-cluster.ts'
import type { TokenState } from './messages.ts'
import type { Handle, Pkcs11Library } from './pkcs11.ts'

export interface FoundToken {
  readonly slot: Handle
  readonly state: TokenState
}

const KEY_BYTES = 32

/** Those that answer; one that does not is as if it were not there. */
export function presentTokens(library: Pkcs11Library): readonly FoundToken[] {
  return library.module.C_GetSlotList(true).flatMap((slot) => {
    try {
      return [{ slot, state: stateOf(library, slot) }]
    } catch {
      return []
    }
  })
}

export function tokensNamed(present: readonly FoundToken[], name: TokenName): readonly FoundToken[] {
  return present.filter(({ state }) => ('serial' in name ? state.serial === name.serial : state.label === name.label))
}

/** Texts of tokens are padded with blanks. */
function stateOf(library: Pkcs11Library, slot: Handle): TokenState {
  const { binding, module } = library
  const info = module.C_GetTokenInfo(slot)
  const has = (flag: number) => (info.flags & flag) !== 0
  const isInitialized = has(binding.CKF_TOKEN_INITIALIZED)
  return {
    label: info.label.trimEnd(),
    serial: info.serialNumber.trimEnd(),
    manufacturer: info.manufacturerID.trimEnd(),
    isInitialized,
    hasUserPin: has(binding.CKF_USER_PIN_INITIALIZED),
    isPinLocked: has(binding.CKF_USER_PIN_LOCKED),
    isFinalTry: has(binding.CKF_USER_PIN_FINAL_TRY),
    hasGcm: isInitialized && hasGcm(library, slot),
    canDerive: isInitialized && canDerive(library, slot),
  }
}

function hasGcm({ binding, module }: Pkcs11Library, slot: Handle): boolean {
  const mechanisms = module.C_GetMechanismList(slot)
  if (!mechanisms.includes(binding.CKM_AES_KEY_GEN) || !mechanisms.includes(binding.CKM_AES_GCM)) return false
  const info = module.C_GetMechanismInfo(slot, binding.CKM_AES_GCM)
  return info.maxKeySize >= KEY_BYTES
}

function canDerive({ binding, module, ecbEncryptData }: Pkcs11Library, slot: Handle): boolean {
  if (ecbEncryptData === undefined) return false
  return module.C_GetMechanismList(slot).includes(binding.CKM_AES_ECB_ENCRYPT_DATA)
}
