/**
 * Makes the web console in `console/dist`, where a server that runs from the repository finds it. Does nothing if the build
 * is newer than its sources; `--force` builds anyway. With `--optional` (npm start, npm run dev) a failure is told and
 * forgiven: keys matter more than their console.
 */
import { existsSync, globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = `${root}console`
const output = `${source}/dist`

/** What it makes. */
export const CONSOLE_BUILD = output

/** Whatever a build is made of; packages change with the lock file. */
function isFresh(): boolean {
  if (!existsSync(`${output}/index.html`)) return false
  const builtAt = statSync(`${output}/index.html`).mtimeMs
  const inputs = [
    ...globSync('{index.html,public/**,src/**}', { cwd: source }).map((path) => `${source}/${path}`),
    `${root}package-lock.json`,
    fileURLToPath(import.meta.url),
  ]
  return inputs.every((path) => statSync(path).mtimeMs <= builtAt)
}

async function build(): Promise<void> {
  // Loaded only now: they take longer than finding out that nothing is to be done.
  const [{ build: bundle }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')])
  // Two builds at once do not meet, and a server never reads half of one.
  const own = `${output}.${process.pid}`
  await bundle({
    configFile: false,
    root: source,
    base: '/console/',
    plugins: [react()],
    logLevel: 'error',
    build: {
      outDir: own,
      emptyOutDir: true,
      target: 'es2023',
      // The content security policy allows files of our own, nothing inline.
      assetsInlineLimit: 0,
      // The bundle holds others' work; their terms come with it.
      license: { fileName: 'licenses.md' },
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2_000,
    },
  })
  for (const path of globSync('**/*.{js,css}', { cwd: own })) pack(`${own}/${path}`)
  rmSync(output, { recursive: true, force: true })
  renameSync(own, output)
}

/** The server sends what it has; packing is done here, once. */
function pack(path: string): void {
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }))
}

/** All that a browser could ever load. */
function packedKilobytes(): number {
  const files = globSync('**/*.gz', { cwd: output }).map((path) => statSync(`${output}/${path}`).size)
  return Math.round(files.reduce((sum, size) => sum + size, 0) / 1000)
}

/** @throws what the bundler does. */
export async function buildConsole({ force = false } = {}): Promise<void> {
  if (!force && isFresh()) return
  console.error('keyhold: building the console, once …')
  const startedAt = performance.now()
  await build()
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.error(`keyhold: the console is built (${seconds} s, ${packedKilobytes()} KB packed)`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await buildConsole({ force: process.argv.includes('--force') })
  } catch (error) {
    const isOptional = process.argv.includes('--optional')
    const detail = isOptional ? (error as Error).message.split('\n')[0] : (error as Error).stack
    console.error(`keyhold: the console could not be built: ${detail}`)
    if (!isOptional) process.exitCode = 1
  }
}
