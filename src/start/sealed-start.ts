/**
 * The start of a server whose root key is in shares: it listens, and waits until people have given enough of them. The socket that takes
 * them stays for as long as the server runs, for the shares of a root key that it is changed to.
 */
import type { Log } from '../base/log.ts'
import { localRootKey } from '../crypto/root-key/local-root-key.ts'
import type { RootKey } from '../crypto/root-key/root-key.ts'
import type { SharesParameters } from '../crypto/root-key/share-collector.ts'
import type { Address } from '../wire/http-server.ts'
import type { DataFolder } from './data-folder.ts'
import type { SealedServer } from './sealed-server.ts'
import { listenForShares, type UnsealSocket } from './unseal-socket.ts'
import { createUnsealer, type Unsealer } from './unsealer.ts'

export interface SealedStart {
  /** For the folder's preparation: resolves when the root key is open. @throws {StoppedSealed} */
  openShares(parameters: SharesParameters): Promise<RootKey>
  readonly unsealer: Unsealer
  /** Where it listened, if it did: the place is kept. */
  readonly address: Address | undefined
  close(): void
}

/** Somebody stopped the server before enough shares were given. */
export class StoppedSealed extends Error {}

interface SealedStartOptions {
  readonly folder: DataFolder
  readonly log: Log
  listen(): Promise<SealedServer>
  onSealed(address: Address, parameters: SharesParameters): void
  /** Resolves when the server is to stop; asked for once, when it is sealed. */
  signal(): Promise<void>
}

export function createSealedStart({ folder, log, listen, onSealed, signal }: SealedStartOptions): SealedStart {
  const unsealer = createUnsealer(folder, log)
  let socket: UnsealSocket | undefined
  let address: Address | undefined

  return {
    unsealer,
    get address() {
      return address
    },
    async openShares(parameters) {
      socket = await listenForShares(folder, unsealer, log)
      const server = await listen()
      address = server.address
      const { id: rootKeyId, threshold } = parameters
      const waiting = unsealer.wait(parameters)
      const stopped = signal()
      log.warn({ rootKeyId, threshold }, "the root key is sealed: waiting for shares from 'keyhold unseal'")
      onSealed(address, parameters)
      const secret = await Promise.race([waiting, stopped])
      await server.close()
      if (secret === undefined) throw new StoppedSealed()
      return localRootKey(Buffer.from(secret, 'hex'))
    },
    close() {
      socket?.close()
      unsealer.close()
    },
  }
}
