/**
 * The process that has a PKCS #11 library loaded (keystores.md HF-1): whatever native code does wrong, crashing or hanging, it does here.
 * It does what its node says by messages, and ends with it.
 */
import { flushCompileCache } from 'node:module'
import { createRandomSource } from '../crypto/random.ts'
import { type ClusterSession, openCluster } from './cluster-session.ts'
import { type CommandName, type Commands, type Failure, HsmError, type Reply, type Request } from './messages.ts'
import { loadLibrary, type Pkcs11Library } from './pkcs11.ts'
import { presentTokens, tokensNamed } from './token-states.ts'

type Handlers = {
  readonly [Name in CommandName]: (
    takes: Commands[Name]['takes'],
  ) => Commands[Name]['gives'] | Promise<Commands[Name]['gives']>
}

let library: Pkcs11Library | undefined
let session: ClusterSession | undefined

function loaded(): Pkcs11Library {
  if (library === undefined) throw new Error('no library is loaded')
  return library
}

function cluster(): ClusterSession {
  if (session === undefined) throw new HsmError('CKR_USER_NOT_LOGGED_IN')
  return session
}

const HANDLERS: Handlers = {
  async load({ module, gcmParameters }) {
    library = await loadLibrary(module, gcmParameters)
    // Node would write it at the end, but this process is killed.
    flushCompileCache()
    return undefined
  },
  allTokens: () => presentTokens(loaded()).map(({ state }) => state),
  findTokens({ names }) {
    const present = presentTokens(loaded())
    return names.map((name) => tokensNamed(present, name).map(({ state }) => state))
  },
  login(takes) {
    session = openCluster(loaded(), takes)
    return { pin: session.pin, tokens: session.count(), canDerive: session.canDerive }
  },
  async setPin({ from, to }) {
    await cluster().withAll((token) => token.setPin(from, to))
    return undefined
  },
  async selfTest() {
    const random = createRandomSource()
    await cluster().withAll((token) => token.selfTest(random.nonce))
    return undefined
  },
  async findMissing({ ids }) {
    const missing = new Set<Buffer>()
    await cluster().withAll(async (token) => {
      for (const id of await token.findMissing(ids)) missing.add(id)
    })
    return [...missing]
  },
  keysLabelled: ({ label }) => cluster().withToken((token) => token.keysLabelled(label)),
  countTokens: () => cluster().count(),
  async generateKey(takes) {
    await cluster().withToken((token) => token.generateKey(takes))
    return undefined
  },
  destroyKey: (takes) => cluster().withToken((token) => token.destroyKey(takes)),
  encrypt: (takes) => cluster().withToken((token) => token.encrypt(takes)),
  decrypt: (takes) => cluster().withToken((token) => token.decrypt(takes)),
  random: ({ length }) => cluster().withToken((token) => token.random(length)),
}

async function handle({ id, name, takes }: Request): Promise<Reply> {
  try {
    return { id, gives: await (HANDLERS[name] as (takes: unknown) => unknown)(takes) }
  } catch (error) {
    return { id, failure: failureOf(error) }
  }
}

/** The binding's errors have the name of the return value as their message. */
function failureOf(error: unknown): Failure {
  if (error instanceof HsmError) return { code: error.code, message: error.message }
  const { message, code } = error as Error & { code?: unknown }
  if (typeof code === 'number' && code > 0)
    return { code: message.startsWith('CKR_') ? message : `CKR_${code}`, message }
  return { code: 'BUG', message: (error as Error).stack ?? String(error) }
}

process.on('message', async (request: Request) => {
  const reply = await handle(request)
  // Without its node it is about to end.
  if (process.connected) process.send!(reply)
})
process.on('disconnect', () => process.exit(0))
// A terminal signals the whole group; the node decides.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
process.on('SIGTERM', () => {})
