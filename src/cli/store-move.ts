/** `keyhold store move PLACE`: from a file to a database that machines share, and back. */
import { silentLog } from '../base/log.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { storeAddressOf } from '../config/store-address.ts'
import { storePasswordIn } from '../config/store-password.ts'
import { dataFolder, requireDataFolder, requireOwner } from '../start/data-folder.ts'
import { moveStore } from '../start/move-store.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK } from './terminal.ts'

const IN_FOLDER = 'file'

export const storeMove = defineCommand({
  args: ['PLACE'],
  settings: ['data', 'storePasswordFile', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Moves everything in the store to PLACE, while no server runs: the address of an empty PostgreSQL database,
postgres://USER@HOST/DATABASE, or the word 'file' for a file in the data folder. All of it arrives or
nothing, and rows are counted on both sides. What was moved stays behind under another name, or in the
database: it is a backup now, so keep it as well as one, or destroy it.

The root key, the audit log and the credentials stay in the data folder; docs/several-machines.md tells
what other machines need.`,
  async run({ settings, args: [place], terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireDataFolder(folder)
    requireOwner(folder)
    const to = place === IN_FOLDER ? undefined : { address: place!, passwordFile: settings.storePasswordFile }
    if (to !== undefined) storeAddressOf(to.address)
    const storePassword = storePasswordIn(terminal.env)
    const moved = await moveStore({ folder, to, storePassword, log: silentLog })
    terminal.print(`moved ${moved.rows} rows to ${moved.to}; what was there stays in ${moved.from}`)
    return EXIT_OK
  },
})
