/** Shares of one root key, until there are enough of them. Those that do not fit are forgotten, all of them: nobody can say which is wrong. */
import { combineShares, type Share } from './root-key-shares.ts'

export interface SharesParameters {
  /** Of the root key. */
  readonly id: string
  /** So many shares there are, */
  readonly shares: number
  /** and so many open it. */
  readonly threshold: number
}

export type Collected =
  /** There have to be more. */
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'given before' }
  | { readonly outcome: 'of another root key' }
  /** Enough of them, and they do not fit: none is left. */
  | { readonly outcome: 'do not fit' }
  /** The caller wipes the secret. None of the shares is left. */
  | { readonly outcome: 'complete'; readonly secret: Buffer }

export interface ShareCollector {
  readonly given: number
  add(share: Share): Promise<Collected>
  forget(): void
}

export function createShareCollector({ id, threshold }: Pick<SharesParameters, 'id' | 'threshold'>): ShareCollector {
  const shares = new Map<number, Share>()

  function forget(): void {
    for (const { bytes } of shares.values()) bytes.fill(0)
    shares.clear()
  }

  return {
    get given() {
      return shares.size
    },
    async add(share) {
      if (share.rootKeyId !== id) return { outcome: 'of another root key' }
      if (shares.has(share.coordinate)) return { outcome: 'given before' }
      shares.set(share.coordinate, share)
      if (shares.size < threshold) return { outcome: 'taken' }
      const secret = await combineShares([...shares.values()])
      forget()
      return secret === undefined ? { outcome: 'do not fit' } : { outcome: 'complete', secret }
    },
    forget,
  }
}
