/** All key specs by name. The families' files say what each is; `key-spec.ts` says how to use one. */
import { ECC_SPECS } from './ecc.ts'
import { EDWARDS_SPECS } from './edwards.ts'
import { HMAC_SPECS } from './hmac.ts'
import type { KeySpec } from './key-spec.ts'
import { ML_DSA_SPECS } from './ml-dsa.ts'
import { RSA_SPECS } from './rsa.ts'
import { SM2_SPECS } from './sm2.ts'
import { SYMMETRIC_SPECS } from './symmetric.ts'

const families = [SYMMETRIC_SPECS, RSA_SPECS, ECC_SPECS, EDWARDS_SPECS, HMAC_SPECS, ML_DSA_SPECS, SM2_SPECS]

export const KEY_SPECS: ReadonlyMap<string, KeySpec> = new Map(families.flat().map((spec) => [spec.name, spec]))

export function keySpec(name: string): KeySpec | undefined {
  return KEY_SPECS.get(name)
}

export type { DataKeyPair, KeySpec, KeyUsage, MaybePromise, MessageType, OpenKey, OpenPublicKey } from './key-spec.ts'
export { MaterialError } from './key-spec.ts'
