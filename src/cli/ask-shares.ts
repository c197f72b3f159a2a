/** Shares of a root key from whoever runs a command: each in a line of standard input. */
import { OperatorError } from '../config/operator-error.ts'
import { localRootKey } from '../crypto/root-key/local-root-key.ts'
import type { RootKey } from '../crypto/root-key/root-key.ts'
import { readShare } from '../crypto/root-key/root-key-shares.ts'
import { createShareCollector, type SharesParameters } from '../crypto/root-key/share-collector.ts'
import type { OpenShares } from '../start/root-key-choice.ts'
import type { Terminal } from './terminal.ts'

/** Asks when the root key is first needed: most commands seal nothing. */
export function sharesWhenNeeded(terminal: Terminal): OpenShares {
  return async (parameters) => {
    let opening: Promise<RootKey> | undefined
    const open = () => {
      opening ??= askForShares(parameters, terminal)
      return opening
    }
    return {
      id: parameters.id,
      wrap: async (plaintext, aad) => (await open()).wrap(plaintext, aad),
      unwrap: async (wrapped, aad) => (await open()).unwrap(wrapped, aad),
    }
  }
}

/** @throws {OperatorError} if the input ends before there are enough that fit together. */
export async function askForShares(parameters: SharesParameters, terminal: Terminal): Promise<RootKey> {
  const { id, threshold } = parameters
  const collector = createShareCollector(parameters)
  for (;;) {
    const prompt = `Share ${collector.given + 1} of ${threshold} of the root key ${id}: `
    const text = await terminal.readSecret?.(prompt)
    if (text === undefined) throw tooFew(parameters, collector.given)
    if (text.trim() === '') continue
    const share = readShare(text)
    if (share === undefined) {
      terminal.tell('keyhold: this is no share, or it was mistyped')
      continue
    }
    const collected = await collector.add(share)
    if (collected.outcome === 'complete') return localRootKey(collected.secret)
    const complaint = COMPLAINTS[collected.outcome]
    if (complaint !== undefined) terminal.tell(`keyhold: ${complaint}`)
  }
}

const COMPLAINTS: Readonly<Record<string, string>> = {
  'given before': 'this share was given before; another one is needed',
  'of another root key': 'this is a share of another root key',
  'do not fit': 'the shares do not fit together; all of them were forgotten, so start again',
}

function tooFew({ id, threshold }: SharesParameters, given: number): OperatorError {
  return new OperatorError(
    `the root key ${id} is in shares; ${threshold} open it, and ${given} came by standard input`,
    {
      hint: 'type them when asked, or let standard input have each in a line of its own',
    },
  )
}
