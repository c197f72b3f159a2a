/**
 * A PKCS #11 library, loaded: the one place that knows the binding. What is here is what all uses of it share; which keys there are and
 * what they are for is `tokens.ts`.
 */
import type { Mechanism, PKCS11 } from 'pkcs11js'
import { HsmError } from './messages.ts'

export type Binding = typeof import('pkcs11js')
export type { Handle, Mechanism, PKCS11, Template, TokenInfo } from 'pkcs11js'

export interface Pkcs11Library {
  readonly binding: Binding
  readonly module: PKCS11
  /** AES-GCM with a 96-bit IV and a 128-bit tag. */
  gcm(iv: Buffer, aad: Buffer): Mechanism
  /** CKM_AES_ECB_ENCRYPT_DATA; `undefined` where its parameter cannot be made. `data` must stay alive until the call has ended. */
  readonly ecbEncryptData: ((data: Buffer) => Mechanism) | undefined
}

const TAG_BITS = 128

/** @throws {HsmError} `NO_PACKAGE`, `NO_LIBRARY` */
export async function loadLibrary(path: string, gcmParameters: 'v2.40' | 'v2.30'): Promise<Pkcs11Library> {
  const binding = await importBinding()
  const module = new binding.PKCS11()
  try {
    module.load(path)
  } catch (cause) {
    throw new HsmError('NO_LIBRARY', `cannot load the PKCS #11 library ${path}: ${(cause as Error).message}`)
  }
  module.C_Initialize({ flags: binding.CKF_OS_LOCKING_OK })
  return {
    binding,
    module,
    gcm: (iv, aad) => ({ mechanism: binding.CKM_AES_GCM, parameter: gcmParameter(binding, gcmParameters, iv, aad) }),
    ecbEncryptData: await ecbEncryptData(binding),
  }
}

async function importBinding(): Promise<Binding> {
  try {
    const imported = await import('pkcs11js')
    return imported.default as unknown as Binding
  } catch (cause) {
    throw new HsmError(
      'NO_PACKAGE',
      `the package pkcs11js is not installed, or was not compiled: ${(cause as Error).message}`,
    )
  }
}

/** The layout without `ulIvBits` is that of early headers; a library that expects the other refuses it (keystores.md 2.6). */
function gcmParameter(binding: Binding, layout: 'v2.40' | 'v2.30', iv: Buffer, aad: Buffer) {
  const type = layout === 'v2.40' ? binding.CK_PARAMS_AES_GCM_v240 : binding.CK_PARAMS_AES_GCM
  return { type, iv, ivBits: iv.length * 8, aad, tagBits: TAG_BITS }
}

/**
 * CK_KEY_DERIVATION_STRING_DATA is a pointer and a length, which the binding cannot make of a buffer: the pointer comes from
 * `node:ffi`, on the 64-bit platforms where CK_ULONG has 64 bits, too.
 */
async function ecbEncryptData(binding: Binding): Promise<Pkcs11Library['ecbEncryptData']> {
  const isLp64 = process.platform !== 'win32' && (process.arch === 'x64' || process.arch === 'arm64')
  const ffi = isLp64 ? await importFfi() : undefined
  if (ffi === undefined) return undefined
  return (data) => {
    const parameter = Buffer.alloc(16)
    parameter.writeBigUInt64LE(ffi.getRawPointer(data), 0)
    parameter.writeBigUInt64LE(BigInt(data.length), 8)
    return { mechanism: binding.CKM_AES_ECB_ENCRYPT_DATA, parameter }
  }
}

interface Ffi {
  getRawPointer(buffer: Uint8Array): bigint
}

/** Experimental in this version of Node: the process is started with the flag for it. */
async function importFfi(): Promise<Ffi | undefined> {
  try {
    return (await import(FFI)) as Ffi
  } catch {
    return undefined
  }
}

/** Not a literal: the types of this version do not know it. */
const FFI: string = 'node:ffi'
