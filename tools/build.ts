/**
 * Makes `dist/` for the npm package: JavaScript and type declarations, because Node does not strip types below
 * `node_modules`, and the web console. The server in the repository needs no build.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildConsole, CONSOLE_BUILD } from './build-console.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = `${root}dist`
const compiler = `${root}node_modules/typescript/bin/tsc`

rmSync(dist, { recursive: true, force: true })
const { status, error } = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (error !== undefined) throw error
const program = `${dist}/main.js`
if (status !== 0 || !existsSync(program)) {
  console.error('the build failed')
  process.exit(1)
}
chmodSync(program, 0o755)
await buildConsole()
cpSync(CONSOLE_BUILD, `${dist}/console`, { recursive: true })
