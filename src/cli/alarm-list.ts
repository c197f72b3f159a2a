/** `keyhold alarm list`: keys that are pending deletion although somebody asks for them, read from the data folder. */
import { instantText } from '../base/clock.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { storePasswordIn } from '../config/store-password.ts'
import type { DeletionAlarm } from '../domain/deletion-alarms.ts'
import { arnOf } from '../domain/keys/key.ts'
import { dataFolder, requireDataFolder } from '../start/data-folder.ts'
import { storePlaceOf } from '../start/store-place.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK, printTable } from './terminal.ts'

const ALARMS_SHOWN_MAX = 1_000

export const alarmList = defineCommand({
  settings: ['data', 'json', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Prints keys that are pending deletion and were asked for since: those that were asked for last come first,
with how often that was and by whom. The server may be running; calls of its last second may be missing.

'keyhold key report' tells more of one of them. Cancelling the deletion ends the alarm.`,
  async run({ settings, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireDataFolder(folder)
    const store = await storePlaceOf(folder, storePasswordIn(terminal.env)).openSnapshot()
    try {
      const alarms = await store.reader.newestDeletionAlarms(ALARMS_SHOWN_MAX)
      if (settings.json) terminal.print(JSON.stringify(alarms.map(jsonOf), undefined, 2))
      else if (alarms.length === 0) terminal.print('no key that is pending deletion was asked for')
      else printTable(terminal, alarms.map(rowOf))
      return EXIT_OK
    } finally {
      await store.close()
    }
  },
})

function rowOf(alarm: DeletionAlarm): string[] {
  const { count, last } = alarm
  const calls = `${count} call${count === 1 ? '' : 's'}`
  return [arnOf(alarm), calls, `last ${instantText(last.time)}`, last.operation, `by ${last.principal}`]
}

function jsonOf(alarm: DeletionAlarm) {
  const { count, firstAt, last } = alarm
  return { key: arnOf(alarm), count, first: instantText(firstAt), last: { ...last, time: instantText(last.time) } }
}
