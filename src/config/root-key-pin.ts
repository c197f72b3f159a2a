/** The PIN of the token that has the root key: from a variable or a file, never from a flag, which every user of the machine could see. */
import type { Environment } from './settings.ts'

export const ROOT_KEY_PIN_VARIABLE = 'KEYHOLD_ROOT_KEY_PIN'
/** The one of a root key that is changed to. */
export const NEW_ROOT_KEY_PIN_VARIABLE = 'KEYHOLD_NEW_ROOT_KEY_PIN'

export function rootKeyPinIn(env: Environment): string | undefined {
  return env[ROOT_KEY_PIN_VARIABLE] || undefined
}
