/** `keyhold root-key split`: the root key of a new data folder, in shares. */
import { existsSync, rmSync } from 'node:fs'
import { OperatorError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { storePasswordIn } from '../config/store-password.ts'
import { createDataFolder, type DataFolder, dataFolder } from '../start/data-folder.ts'
import { lockFolder } from '../start/folder-lock.ts'
import { changedRootKeyFile, rootKeyFiles } from '../start/root-key-files.ts'
import { sharesRootKeys } from '../start/shares-root-key.ts'
import { storePlaceOf } from '../start/store-place.ts'
import { renameDurably } from '../start/write-durably.ts'
import { defineCommand } from './command.ts'
import { handingOf, SHARE_FLAGS } from './hand-out-shares.ts'
import { EXIT_OK, type Terminal } from './terminal.ts'

export const rootKeySplit = defineCommand({
  settings: ['data', 'config'],
  flags: SHARE_FLAGS,
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Makes the root key of a new data folder and gives it out in shares, of which so many as --threshold says
open it; it is nowhere else. 'keyhold start' then listens and waits until 'keyhold unseal' was given
enough of them (docs/root-keys.md). For a folder that has a root key: 'keyhold root-key change'.

Shares are printed, and it is done when enough of them were typed again; or written to files.`,
  async run({ settings, flags, terminal }) {
    const handing = handingOf(flags, terminal)
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    createDataFolder(folder)
    const lock = await lockFolder(folder, 'command')
    try {
      await refuseRootKey(folder, terminal)
      const path = folder.rootKeyParameters
      const { rootKey, save } = await sharesRootKeys.make({ provider: 'shares', passphrase: undefined, ...handing })
      // One that was made before, and is with people, counts until enough of the new shares were given back.
      const unproven = changedRootKeyFile(folder, 'shares', rootKey.id)
      save(unproven)
      try {
        await sharesRootKeys.open(unproven, { provider: 'shares', passphrase: undefined, ...handing })
        renameDurably(unproven, path)
      } catch (error) {
        rmSync(unproven, { force: true })
        throw error
      }
      const { shares, threshold } = handing.newShares
      terminal.print(`The root key ${rootKey.id} is in ${shares} shares, of which ${threshold} open it.
Back up ${path}, too: every key here is lost without it, or with fewer shares.
Start the server now, and give it shares with 'keyhold unseal'.`)
      return EXIT_OK
    } finally {
      lock.release()
    }
  },
})

/** One in shares that nothing is under yet may be made anew: its shares may be lost. */
async function refuseRootKey(folder: DataFolder, terminal: Terminal): Promise<void> {
  const other = rootKeyFiles(folder).find(({ provider }) => provider !== 'shares')
  if (other === undefined && !(await isInUse(folder, terminal))) return
  throw new OperatorError(`${folder.path} has a root key already`, {
    hint: "'keyhold root-key change --to shares' changes it",
  })
}

async function isInUse(folder: DataFolder, { env }: Terminal): Promise<boolean> {
  if (!existsSync(folder.store) && !existsSync(folder.shared)) return false
  const store = await storePlaceOf(folder, storePasswordIn(env)).openSnapshot()
  try {
    return (await store.reader.newestDomainKey()) !== undefined
  } finally {
    await store.close()
  }
}
