/** The password of a PostgreSQL store: from a variable or a file, never from a flag, which every user of the machine could see. */
import { readSecretFile } from './secret-file.ts'
import type { Environment } from './settings.ts'

export const STORE_PASSWORD_VARIABLE = 'KEYHOLD_STORE_PASSWORD'

export function storePasswordIn(env: Environment): string | undefined {
  return env[STORE_PASSWORD_VARIABLE] || undefined
}

export function readStorePassword(path: string): string {
  return readSecretFile(path, '--store-password-file')
}
