/** Root key provider `shares`, in a data folder: how many shares there are, and how many open it, is in `root-key.json`; they are with people. */
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { localRootKey } from '../crypto/root-key/local-root-key.ts'
import { makeSharedRootKey, SHARES_MAX, THRESHOLD_MIN } from '../crypto/root-key/root-key-shares.ts'
import type { SharesParameters } from '../crypto/root-key/share-collector.ts'
import type { RootKeyMaker } from './root-key-maker.ts'
import { readParameters, writeParameters } from './root-key-parameters.ts'

export const sharesRootKeys: RootKeyMaker = {
  async make({ newShares }) {
    if (newShares === undefined) {
      throw new UsageError('a root key in shares is made before the first start', {
        hint: "'keyhold root-key split' makes it, and gives the shares out",
      })
    }
    const { shares: count, threshold, handOut } = newShares
    const { rootKey, shares } = await makeSharedRootKey(count, threshold)
    // Before anything could be under it: whoever loses these has lost nothing yet.
    await handOut(shares, rootKey.id)
    const parameters = { provider: 'shares', id: rootKey.id, shares: count, threshold }
    return { rootKey, save: (path) => writeParameters(path, parameters) }
  },
  idIn: (path) => sharesParametersIn(path).id,
  async open(path, { unsealed, openShares }) {
    const parameters = sharesParametersIn(path)
    const secret = unsealed?.[parameters.id]
    if (secret !== undefined) return localRootKey(Buffer.from(secret, 'hex'))
    if (openShares !== undefined) return openShares(parameters)
    throw new OperatorError(`the root key ${parameters.id} is sealed; 'keyhold unseal' gives its shares to the server`)
  },
}

export function sharesParametersIn(path: string): SharesParameters {
  return readParameters(path, {
    what: 'id and numbers of the shares of a root key',
    hint: 'restore it from its backup; the shares alone are not enough',
    parse(parsed) {
      const id = /^[0-9a-f]{32}$/.exec(String(parsed.id))?.[0]
      const [shares, threshold] = [parsed.shares as number, parsed.threshold as number]
      const isInOrder = Number.isInteger(shares) && Number.isInteger(threshold)
      if (id === undefined || !isInOrder) return undefined
      return THRESHOLD_MIN <= threshold && threshold <= shares && shares <= SHARES_MAX
        ? { id, shares, threshold }
        : undefined
    },
  })
}
