/** Root key provider `pkcs11`, in a data folder: which key of which HSM is in `root-key.json`. */
import { isDeepStrictEqual } from 'node:util'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { ROOT_KEY_PIN_VARIABLE } from '../config/root-key-pin.ts'
import { readSecretFile } from '../config/secret-file.ts'
import { DEFAULT_ROOT_KEY_LABEL } from '../config/settings.ts'
import { createRandomSource } from '../crypto/random.ts'
import { type HsmRootKeyParameters, hsmRootKey } from '../crypto/root-key/hsm-root-key.ts'
import type { HsmCluster, TokenName } from '../hsm/hsm-cluster.ts'
import type { LabelledKey, TokenState } from '../hsm/messages.ts'
import type { ModuleChoice } from '../hsm/module-client.ts'
import type { RootKeyHsm, RootKeyPlace } from '../hsm/root-key-hsm.ts'
import type { HsmKeyChoice } from './root-key-choice.ts'
import type { RootKeyFile } from './root-key-files.ts'
import type { RootKeyMaker } from './root-key-maker.ts'
import { installationIn, newInstallation, readParameters, writeParameters } from './root-key-parameters.ts'
import { tryRootKey } from './try-root-key.ts'

interface Pkcs11Parameters extends HsmRootKeyParameters, RootKeyPlace {}

/** Of a key that is made here; nobody else's has it. */
const KEY_ID_BYTES = 32

export const pkcs11RootKeys: RootKeyMaker = {
  async make({ hsm: choice }) {
    const place = placeOf(choice)
    const hsm = await hsmAt(place, choice)
    const keyId = await chooseKey(hsm, place)
    const parameters = { ...place, keyId: keyId.toString('hex'), installation: newInstallation() }
    const rootKey = hsmRootKey(parameters, hsm.callsOf(keyId))
    await tryRootKey(rootKey)
    return { rootKey, save: (path) => writeParameters(path, { provider: 'pkcs11', ...parameters }) }
  },
  async open(path, { hsm: choice }) {
    const parameters = pkcs11ParametersIn(path)
    const hsm = await hsmAt(placeNow(parameters, choice), choice)
    const keyId = Buffer.from(parameters.keyId, 'hex')
    await hsm.checkKey(keyId)
    return hsmRootKey(parameters, hsm.callsOf(keyId))
  },
  namedBy({ hsm }) {
    if (hsm?.module !== undefined) return '--root-key-module'
    if (hsm?.tokens !== undefined) return '--root-key-token'
    return hsm?.keyLabel === undefined ? undefined : '--root-key-label'
  },
  checkNamed(path, { hsm }) {
    const { keyLabel } = pkcs11ParametersIn(path)
    if (hsm?.keyLabel === undefined || hsm.keyLabel === keyLabel) return
    throw new UsageError(`--root-key-label ${hsm.keyLabel}: the data folder is under ${keyLabel}`, {
      hint: "'keyhold root-key change' changes it",
    })
  },
}

function placeOf({ module, tokens, keyLabel = DEFAULT_ROOT_KEY_LABEL }: Partial<HsmKeyChoice> = {}): RootKeyPlace {
  if (module === undefined) {
    throw new UsageError('the root key needs the PKCS #11 library of its HSM', {
      hint: 'name it with --root-key-module',
    })
  }
  if (tokens === undefined) {
    throw new UsageError('the root key needs the token that it is in', {
      hint: `name it with --root-key-token; 'keyhold hsm describe ${module}' shows those that there are`,
    })
  }
  return { module, tokens, keyLabel }
}

/** Where the key is now, if the operator says so of this very key. */
function placeNow(remembered: RootKeyPlace, choice: HsmKeyChoice | undefined): RootKeyPlace {
  const { module, tokens, keyLabel } = remembered
  if (choice?.keyLabel !== undefined && choice.keyLabel !== keyLabel) return remembered
  return { module: choice?.module ?? module, tokens: choice?.tokens ?? tokens, keyLabel }
}

async function hsmAt(place: RootKeyPlace, choice: HsmKeyChoice | undefined): Promise<RootKeyHsm> {
  const { rootKeyHsm } = await import('../hsm/root-key-hsm.ts')
  return rootKeyHsm(place, () => pinOf(choice))
}

function pinOf({ pinFile, pin }: Partial<HsmKeyChoice> = {}): string {
  if (pinFile !== undefined) return readSecretFile(pinFile, '--root-key-pin-file')
  if (pin !== undefined) return pin
  throw new UsageError("the root key needs the PIN of its token's user", {
    hint: `put it into the variable ${ROOT_KEY_PIN_VARIABLE}, or name a file that holds it with --root-key-pin-file`,
  })
}

/** The one key of the label; it is made if there is none. @returns its CKA_ID. */
async function chooseKey(hsm: RootKeyHsm, { keyLabel }: RootKeyPlace): Promise<Buffer> {
  const [found, another] = await hsm.keysLabelled()
  if (found === undefined) {
    const keyId = createRandomSource().nonce(KEY_ID_BYTES)
    await hsm.makeKey(keyId)
    return keyId
  }
  const fault = another === undefined ? faultOf(found) : 'there are several keys of this label'
  if (fault === undefined) return found.id
  throw new OperatorError(`the key '${keyLabel}' in the HSM cannot be a root key: ${fault}`, {
    hint: 'name another label: a key is made if there is none of it',
  })
}

function faultOf({ id, isHidden, isUsable }: LabelledKey): string | undefined {
  if (!isHidden) return 'the HSM did not make it as sensitive and not extractable, so it may be elsewhere, too'
  if (!isUsable) return 'it is no AES key of 256 bits that encrypts and decrypts'
  return id.length === 0 ? 'it has no CKA_ID' : undefined
}

export function pkcs11ParametersIn(path: string): Pkcs11Parameters {
  return readParameters(path, {
    what: 'library, token, label and id of a root key in an HSM',
    parse(parsed) {
      const { module, keyLabel } = parsed
      const keyId = /^(?:[0-9a-f]{2}){1,255}$/.exec(String(parsed.keyId))?.[0]
      const tokens = tokensIn(parsed.tokens)
      const installation = installationIn(parsed)
      if (typeof module !== 'string' || typeof keyLabel !== 'string') return undefined
      if (keyId === undefined || tokens === undefined || installation === undefined) return undefined
      return { module, tokens, keyLabel, keyId, installation }
    },
  })
}

/**
 * A custom key store that replaces the PIN of its token would take it from the root key there.
 * @param choice where it is now, if the operator says so. @throws {UsageError}
 */
export async function refuseReplacedPins(
  rootKeyFiles: readonly RootKeyFile[],
  choice: HsmKeyChoice | undefined,
  clusters: readonly HsmCluster[],
): Promise<void> {
  const places = rootKeyFiles
    .filter(({ provider }) => provider === 'pkcs11')
    .map(({ path }) => placeNow(pkcs11ParametersIn(path), choice))
  for (const cluster of clusters.filter(({ rotatePin }) => rotatePin)) {
    for (const place of places.filter(({ module }) => module === cluster.module)) {
      if (!(await haveOneToken(place, cluster))) continue
      const { clusterId } = cluster
      throw new UsageError(`--hsm-clusters: ${clusterId} would replace the PIN of the token that has the root key`, {
        hint: 'give the root key a token of its own, or say rotate-pin: false of that cluster',
      })
    }
  }
}

/** One may name it by its label and the other by its serial number, so the library is asked. */
async function haveOneToken(place: RootKeyPlace, cluster: HsmCluster): Promise<boolean> {
  if (place.tokens.some((name) => cluster.tokens.some((other) => isDeepStrictEqual(name, other)))) return true
  const [own, others] = [
    await tokensAt({ ...cluster, environment: {} }, place.tokens),
    await tokensAt(cluster, cluster.tokens),
  ]
  return own.some(({ serial, label }) => others.some((other) => other.serial === serial && other.label === label))
}

/** Those that are there; a library that cannot be asked can replace no PIN. */
async function tokensAt(choice: ModuleChoice, names: readonly TokenName[]): Promise<readonly TokenState[]> {
  const [{ openTokens }, { HsmError }] = await Promise.all([
    import('../hsm/open-tokens.ts'),
    import('../hsm/messages.ts'),
  ])
  try {
    return await openTokens(choice, names, async (client, found) => {
      await client.close()
      return found.flat()
    })
  } catch (error) {
    if (error instanceof HsmError) return []
    throw error
  }
}

function tokensIn(value: unknown): readonly TokenName[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const isName = ({ serial, label }: { serial?: unknown; label?: unknown }) =>
    (typeof serial === 'string') !== (typeof label === 'string')
  return value.every(isName) ? value : undefined
}
