/** `keyhold version`. */
import { VERSION } from '../start/version.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK } from './terminal.ts'

export const version = defineCommand({
  settings: [],
  description: 'Prints the version of Keyhold.',
  async run({ terminal }) {
    terminal.print(`keyhold ${VERSION}`)
    return EXIT_OK
  },
})
