/**
 * Kysely for the suites, bundled: it is 255 files, a third of all that a process of Keyhold loads, and takes a tenth of a second of
 * processor time at each of more than a thousand starts. Its code stays as it is. `kysely-preload.js` puts the bundle in its place for
 * `src` and `test` of this repository alone: packages and checkouts that tests make elsewhere have Kysely as it comes.
 */
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const PACKAGES = join(import.meta.dirname, '..', 'node_modules')
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'kysely-preload.js'))

/** @returns what NODE_OPTIONS has to hold. */
export async function kyselyInOneFile(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(PACKAGES, 'kysely', 'package.json'), 'utf8'))
  const folder = join(PACKAGES, '.cache', 'keyhold-tests')
  const bundle = join(folder, `kysely-${version}.js`)
  if (!existsSync(bundle)) await build(folder, bundle)
  PRELOAD.searchParams.set('kysely', pathToFileURL(bundle).href)
  return `--import=${PRELOAD.href}`
}

async function build(folder: string, bundle: string): Promise<void> {
  const vite = await import('vite')
  // Two builds at once do not meet, and nobody reads half of one.
  const fileName = `kysely.${process.pid}.js`
  await vite.build({
    configFile: false,
    logLevel: 'error',
    build: {
      lib: { entry: join(PACKAGES, 'kysely', 'dist', 'index.js'), formats: ['es'], fileName: () => fileName },
      outDir: folder,
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'esnext',
      minify: false,
      rolldownOptions: { platform: 'node', external: [/^node:/] },
    },
  })
  renameSync(join(folder, fileName), bundle)
}
