/** The version of this software, from its package. */
import { readFileSync } from 'node:fs'

/** The package file is one folder above `src` and above `dist`. */
const packageFile = new URL('../../package.json', import.meta.url)

export const VERSION: string = JSON.parse(readFileSync(packageFile, 'utf8')).version
