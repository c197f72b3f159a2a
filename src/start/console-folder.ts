/** Where the web console's build is: `console/dist` in the repository, `dist/console` in the npm package. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const isRepository = extname(import.meta.filename) === '.ts'

export const CONSOLE_FOLDER = fileURLToPath(
  new URL(isRepository ? '../../console/dist' : '../console', import.meta.url),
)
