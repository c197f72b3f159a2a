/** One token with its user logged in: what its keys are made of, and how they are used (keystores.md 2.4, 2.5). */
import { type Commands, HsmError, type LabelledKey, type TokenMessage } from './messages.ts'
import type { Handle, Mechanism, Pkcs11Library, Template } from './pkcs11.ts'
import { createSessionPool } from './session-pool.ts'

type Takes<Name extends keyof Commands> = Commands[Name]['takes']

export interface Token {
  setPin(from: string, to: string): void
  generateKey(key: Takes<'generateKey'>): Promise<void>
  destroyKey(key: Takes<'destroyKey'>): Promise<{ readonly keyHandle: string }>
  encrypt(message: TokenMessage): Promise<Buffer>
  decrypt(message: TokenMessage): Promise<Buffer>
  random(length: number): Promise<Buffer>
  keysLabelled(label: string): Promise<readonly LabelledKey[]>
  /** @see {@link Commands} */
  findMissing(ids: readonly Buffer[]): Promise<readonly Buffer[]>
  /** A key of its own, not kept, goes through a round trip. */
  selfTest(nonce: (length: number) => Buffer): Promise<void>
}

const KEY_BYTES = 32
const TAG_BYTES = 16
const IV_BYTES = 12
const TEST_BYTES = 48

/** @param session read-write and logged in; the others are opened beside it. */
export function openToken(library: Pkcs11Library, slot: Handle, session: Handle, sessionsMax: number): Token {
  const { binding: ck, module } = library
  const flags = ck.CKF_SERIAL_SESSION | ck.CKF_RW_SESSION
  const pool = createSessionPool(openSessions(() => module.C_OpenSession(slot, flags), session, sessionsMax))
  /** Handles live as long as the login. */
  const handles = new Map<string, Handle>()

  const findAll = (session: Handle, id: Buffer) => findWith(session, { type: ck.CKA_ID, value: id })

  /** Two at most: whoever looks wants one. */
  function findWith(session: Handle, attribute: Template[number]): readonly Handle[] {
    module.C_FindObjectsInit(session, [{ type: ck.CKA_CLASS, value: ck.CKO_SECRET_KEY }, attribute])
    try {
      return module.C_FindObjects(session, 2)
    } finally {
      module.C_FindObjectsFinal(session)
    }
  }

  /** HK-4: by CKA_ID, which must be one key's. */
  function find(session: Handle, id: Buffer): Handle {
    const name = id.toString('hex')
    const known = handles.get(name)
    if (known !== undefined) return known
    const [handle, another] = findAll(session, id)
    if (handle === undefined) throw new HsmError('KEY_MISSING', `there is no key ${name}`)
    if (another !== undefined) throw new HsmError('KEY_AMBIGUOUS', `there are several keys ${name}`)
    handles.set(name, handle)
    return handle
  }

  /** Somebody may have destroyed the key and made it anew, or restored it: a handle that is none any more is looked up once. */
  async function withKey<T>(session: Handle, id: Buffer, work: (key: Handle) => Promise<T>): Promise<T> {
    const wasKnown = handles.has(id.toString('hex'))
    try {
      return await work(find(session, id))
    } catch (error) {
      if (!wasKnown || !isHandleInvalid(error)) throw error
      handles.delete(id.toString('hex'))
      return work(find(session, id))
    }
  }

  function isHandleInvalid(error: unknown): boolean {
    const { code } = error as { code?: unknown }
    return code === ck.CKR_KEY_HANDLE_INVALID || code === ck.CKR_OBJECT_HANDLE_INVALID
  }

  /** The key that a message is under: the key itself, or one that is derived for it, and destroyed after it. */
  async function withMessageKey<T>(
    session: Handle,
    { id, derivationData }: TokenMessage,
    work: (key: Handle) => Promise<T>,
  ): Promise<T> {
    if (derivationData === undefined) return withKey(session, id, work)
    const mechanism = derivation(derivationData)
    const derived = await withKey(session, id, (key) => module.C_DeriveKeyAsync(session, mechanism, key, MESSAGE_KEY))
    try {
      return await work(derived)
    } finally {
      forget(session, derived)
    }
  }

  /** What cannot be destroyed ends with its session. */
  function forget(session: Handle, key: Handle): void {
    try {
      module.C_DestroyObject(session, key)
    } catch {}
  }

  function derivation(data: Buffer): Mechanism {
    if (library.ecbEncryptData === undefined) throw new HsmError('CKR_MECHANISM_INVALID')
    return library.ecbEncryptData(data)
  }

  const MESSAGE_KEY: Template = [
    { type: ck.CKA_CLASS, value: ck.CKO_SECRET_KEY },
    { type: ck.CKA_KEY_TYPE, value: ck.CKK_AES },
    { type: ck.CKA_VALUE_LEN, value: KEY_BYTES },
    { type: ck.CKA_TOKEN, value: false },
    { type: ck.CKA_PRIVATE, value: true },
    { type: ck.CKA_SENSITIVE, value: true },
    { type: ck.CKA_EXTRACTABLE, value: false },
    { type: ck.CKA_ENCRYPT, value: true },
    { type: ck.CKA_DECRYPT, value: true },
  ]

  function keyTemplate({ id, label, derives }: Takes<'generateKey'>): Template {
    return [
      { type: ck.CKA_CLASS, value: ck.CKO_SECRET_KEY },
      { type: ck.CKA_KEY_TYPE, value: ck.CKK_AES },
      { type: ck.CKA_VALUE_LEN, value: KEY_BYTES },
      { type: ck.CKA_TOKEN, value: true },
      { type: ck.CKA_PRIVATE, value: true },
      { type: ck.CKA_SENSITIVE, value: true },
      { type: ck.CKA_EXTRACTABLE, value: false },
      { type: ck.CKA_MODIFIABLE, value: false },
      { type: ck.CKA_COPYABLE, value: false },
      { type: ck.CKA_ENCRYPT, value: !derives },
      { type: ck.CKA_DECRYPT, value: !derives },
      { type: ck.CKA_DERIVE, value: derives },
      { type: ck.CKA_WRAP, value: false },
      { type: ck.CKA_UNWRAP, value: false },
      { type: ck.CKA_SIGN, value: false },
      { type: ck.CKA_VERIFY, value: false },
      { type: ck.CKA_ID, value: id },
      { type: ck.CKA_LABEL, value: label },
    ]
  }

  /** Of a key that nobody else has. */
  const HIDDEN = [
    [ck.CKA_SENSITIVE, true],
    [ck.CKA_ALWAYS_SENSITIVE, true],
    [ck.CKA_NEVER_EXTRACTABLE, true],
    [ck.CKA_LOCAL, true],
    [ck.CKA_EXTRACTABLE, false],
  ] as const

  const USABLE = [
    [ck.CKA_ENCRYPT, true],
    [ck.CKA_DECRYPT, true],
  ] as const

  function attributesOf(session: Handle, key: Handle, types: readonly number[]): readonly Buffer[] {
    const wanted = types.map((type) => ({ type }))
    return module.C_GetAttributeValue(session, key, wanted).map(({ value }) => value as Buffer)
  }

  function hasAll(session: Handle, key: Handle, wanted: readonly (readonly [number, boolean])[]): boolean {
    const types = wanted.map(([type]) => type)
    const found = attributesOf(session, key, types)
    return wanted.every(([, value], index) => found[index]![0] === Number(value))
  }

  function isAes256(session: Handle, key: Handle): boolean {
    const [type] = attributesOf(session, key, [ck.CKA_KEY_TYPE])
    // CK_ULONG: four or eight bytes, in the order of the machine.
    if (type!.readUInt32LE() !== ck.CKK_AES) return false
    const [length] = attributesOf(session, key, [ck.CKA_VALUE_LEN])
    return length!.readUInt32LE() === KEY_BYTES
  }

  /** HK-2. @throws {HsmError} `KEY_EXPOSED`: the token gave the key other attributes than it was asked for. */
  function checkAttributes(session: Handle, key: Handle): void {
    if (hasAll(session, key, HIDDEN)) return
    module.C_DestroyObject(session, key)
    throw new HsmError('KEY_EXPOSED', 'the token made a key that can be read, or that it did not make itself')
  }

  async function encryptWith(session: Handle, key: Handle, { iv, aad, data }: Omit<TokenMessage, 'id'>) {
    module.C_EncryptInit(session, library.gcm(iv, aad), key)
    return module.C_EncryptAsync(session, data, Buffer.alloc(data.length + TAG_BYTES))
  }

  async function decryptWith(session: Handle, key: Handle, { iv, aad, data }: Omit<TokenMessage, 'id'>) {
    module.C_DecryptInit(session, library.gcm(iv, aad), key)
    try {
      return await module.C_DecryptAsync(session, data, Buffer.alloc(data.length))
    } catch (error) {
      // What a token answers to a tag that does not fit is its own choice (keystores.md 2.6).
      if (REFUSED_CIPHERTEXTS.has((error as { code?: number }).code ?? 0)) throw new HsmError('INVALID_CIPHERTEXT')
      throw error
    }
  }

  const REFUSED_CIPHERTEXTS: ReadonlySet<number> = new Set([
    ck.CKR_GENERAL_ERROR,
    ck.CKR_FUNCTION_FAILED,
    ck.CKR_ENCRYPTED_DATA_INVALID,
    ck.CKR_ENCRYPTED_DATA_LEN_RANGE,
    CKR_AEAD_DECRYPT_FAILED,
  ])

  return {
    setPin: (from, to) => module.C_SetPIN(session, from, to),
    generateKey: (wanted) =>
      pool.use(async (session) => {
        const mechanism = { mechanism: ck.CKM_AES_KEY_GEN }
        const key = await module.C_GenerateKeyAsync(session, mechanism, keyTemplate(wanted))
        checkAttributes(session, key)
      }),
    destroyKey: ({ id, label }) =>
      pool.use((session) => {
        handles.delete(id.toString('hex'))
        const key = find(session, id)
        handles.delete(id.toString('hex'))
        const [found] = module.C_GetAttributeValue(session, key, [{ type: ck.CKA_LABEL }])
        // Not ours: whatever has the id of a key of ours and another label, we did not make.
        if (found?.value.toString() !== label) throw new HsmError('KEY_MISSING', 'the key has another label')
        module.C_DestroyObject(session, key)
        return { keyHandle: key.readBigUInt64LE().toString() }
      }),
    encrypt: (message) =>
      pool.use((session) => withMessageKey(session, message, (key) => encryptWith(session, key, message))),
    decrypt: (message) =>
      pool.use((session) => withMessageKey(session, message, (key) => decryptWith(session, key, message))),
    keysLabelled: (label) =>
      pool.use((session) =>
        findWith(session, { type: ck.CKA_LABEL, value: label }).map((key) => ({
          id: attributesOf(session, key, [ck.CKA_ID])[0]!,
          isUsable: isAes256(session, key) && hasAll(session, key, USABLE),
          isHidden: hasAll(session, key, HIDDEN),
        })),
      ),
    findMissing: (ids) => pool.use((session) => ids.filter((id) => findAll(session, id).length !== 1)),
    random: (length) => pool.use((session) => module.C_GenerateRandom(session, Buffer.alloc(length))),
    selfTest: (nonce) =>
      pool.use(async (session) => {
        const mechanism = { mechanism: ck.CKM_AES_KEY_GEN }
        const key = await module.C_GenerateKeyAsync(session, mechanism, MESSAGE_KEY)
        try {
          const message = { iv: nonce(IV_BYTES), aad: nonce(TEST_BYTES), derivationData: undefined }
          const data = nonce(TEST_BYTES)
          const sealed = await encryptWith(session, key, { ...message, data })
          const opened = await decryptWith(session, key, { ...message, data: sealed })
          if (!opened.equals(data))
            throw new HsmError('CKR_FUNCTION_FAILED', 'the token does not decrypt what it encrypts')
        } finally {
          forget(session, key)
        }
      }),
  }
}

/** Of PKCS #11 3.0, which the binding does not know. */
const CKR_AEAD_DECRYPT_FAILED = 0x35

/** As many as the token allows. */
function openSessions(open: () => Handle, first: Handle, max: number): readonly Handle[] {
  const sessions: Handle[] = []
  while (sessions.length < max) {
    try {
      sessions.push(open())
    } catch {
      break
    }
  }
  return sessions.length === 0 ? [first] : sessions
}
