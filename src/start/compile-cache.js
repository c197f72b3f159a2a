/**
 * Node's compile cache: what V8 made of each source file, and in the repository its text without types. A start that finds it neither
 * parses nor strips (docs/performance.md). JavaScript, because it is loaded before the cache is on: see main.js.
 *
 * Node believes what it finds there: of a file in the cache it checks a CRC-32 of the source that it belongs to and one of its own
 * content, which tell of edited sources and broken files, and which anybody can compute. Whoever can write to the cache can therefore
 * run code as the server. So it lies below the program's own folder, where only those can write who could as well change the program
 * (never in the system's folder for temporary files), is made for its owner alone, and is used by the owner of the program alone: root
 * leaves nothing in somebody else's checkout, and a service that runs a program of root's has no cache.
 */
import { lstatSync, mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Two folders above this one, in `src` and in `dist`. */
const PROGRAM = fileURLToPath(new URL('../..', import.meta.url))

/** For this process and what it starts: workers, threads, the process of a PKCS #11 library. Where it cannot be, it silently is not. */
export function turnOnCompileCache() {
  // The operator has decided.
  if (process.env.NODE_COMPILE_CACHE || process.env.NODE_DISABLE_COMPILE_CACHE) return
  const folder = join(PROGRAM, 'node_modules', '.cache', 'keyhold')
  try {
    if (!isOurs(statSync(PROGRAM))) return
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!isOurs(lstatSync(folder))) return
    if (enableCompileCache(folder).directory !== undefined) process.env.NODE_COMPILE_CACHE = folder
  } catch {
    // A file system that cannot be written to, as a rule.
  }
}

/**
 * Windows tells no owners; folders are their users' own there.
 * @param {import('node:fs').Stats} found
 */
function isOurs({ uid }) {
  return process.getuid === undefined || uid === process.getuid()
}
