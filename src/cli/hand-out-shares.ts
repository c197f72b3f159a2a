/** Shares of a new root key to those who will keep them, and the proof that they have arrived. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { flag } from '../config/command-flags.ts'
import { path, wholeNumber } from '../config/kinds.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { SHARES_MAX, THRESHOLD_MIN } from '../crypto/root-key/root-key-shares.ts'
import type { NewShares, OpenShares } from '../start/root-key-choice.ts'
import { writeOnce } from '../start/write-durably.ts'
import { askForShares } from './ask-shares.ts'
import type { Terminal } from './terminal.ts'

export const SHARE_FLAGS = {
  shares: flag(wholeNumber(THRESHOLD_MIN, SHARES_MAX), 'How many shares there will be.'),
  threshold: flag(wholeNumber(THRESHOLD_MIN, SHARES_MAX), 'How many of them open the root key.'),
  'shares-to': flag(
    path('DIR'),
    'Write each share to a file of its own in this folder; if not given, they are printed, and asked for again.',
  ),
}

interface ShareFlagValues {
  readonly shares: number | undefined
  readonly threshold: number | undefined
  readonly 'shares-to': string | undefined
}

export interface Handing {
  readonly newShares: NewShares
  /** Proves that enough of them have arrived. */
  readonly openShares: OpenShares
}

/** @throws {UsageError} */
export function handingOf({ shares, threshold, 'shares-to': folder }: ShareFlagValues, terminal: Terminal): Handing {
  if (shares === undefined || threshold === undefined) {
    throw new UsageError('how many shares, and how many of them are to open the root key?', {
      hint: 'for example --shares 5 --threshold 3',
    })
  }
  if (threshold > shares) throw new UsageError(`--threshold ${threshold}: there are only ${shares} shares`)
  return folder === undefined ? byTerminal(shares, threshold, terminal) : byFiles(shares, threshold, folder, terminal)
}

function byTerminal(shares: number, threshold: number, terminal: Terminal): Handing {
  return {
    newShares: {
      shares,
      threshold,
      async handOut(texts) {
        for (const text of texts) await terminal.print(text)
        terminal.tell(
          `keyhold: give each share to somebody else; they are not shown again. Now type ${threshold} of them, as they were written down.`,
        )
      },
    },
    openShares: (parameters) => askForShares(parameters, terminal),
  }
}

function byFiles(shares: number, threshold: number, folder: string, terminal: Terminal): Handing {
  const pathOf = (rootKeyId: string, index: number) => join(folder, `root-key-${rootKeyId}-share-${index + 1}`)
  return {
    newShares: {
      shares,
      threshold,
      async handOut(texts, rootKeyId) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        for (const [index, text] of texts.entries()) writeOnce(pathOf(rootKeyId, index), `${text}\n`)
        terminal.print(`${shares} shares are in ${folder}: give each to somebody else, and remove it from there.`)
      },
    },
    openShares(parameters) {
      let index = 0
      const readSecret = async () => {
        if (index === shares) throw new OperatorError(`the shares in ${folder} do not open the root key`)
        return readFileSync(pathOf(parameters.id, index++), 'utf8').trim()
      }
      return askForShares(parameters, { ...terminal, readSecret })
    },
  }
}
