/** The commands of the README's first screen, as they stand there, against a server on a port and a folder of the test's own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const DEFAULT_FOLDER = '~/.local/share/keyhold'
const DEFAULT_ENDPOINT = 'http://127.0.0.1:4599'

/** Shell blocks from the heading on until the next heading of the same level. */
function shellBlocks(markdown: string, heading: string): string[] {
  const section = markdown.split(`\n${heading}\n`)[1]!.split(/\n## /)[0]!
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!)
}

test('the first call and the encryption of a file work as the README says', async (context) => {
  const missing = ['aws', 'jq', 'openssl', 'od', 'base64'].filter(
    (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0,
  )
  if (missing.length > 0) return context.skip(`not installed here: ${missing.join(', ')}`)
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [install, ...client] = shellBlocks(readme, '## First call in two minutes')
  assert.equal(install, 'npm ci\nnpm start\n')
  assert.ok(client.length >= 3, 'the section has the calls of the client')
  const script = client.join('\n')
  assert.ok(script.includes(DEFAULT_FOLDER) && script.includes(DEFAULT_ENDPOINT))

  const folder = temporaryFolder('readme')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', data])
  copyFileSync(join(ROOT, 'README.md'), join(folder.path, 'README.md'))
  const own = script.replaceAll(DEFAULT_FOLDER, data).replaceAll(DEFAULT_ENDPOINT, keyhold.endpoint)
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', own], {
    cwd: folder.path,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /"KeyState": "Enabled"/)
  assert.equal(await keyhold.end(), 0)
})
