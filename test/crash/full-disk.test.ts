/** A disk that is full or read-only: a clear error, and nothing that was acknowledged is lost. Needs to mount a small tmpfs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import { MAIN, readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const DISK_MIB = 200

interface SmallDisk {
  readonly path: string
  remove(): void
}

/** `undefined` where this user may not mount. */
function mountSmallDisk(): SmallDisk | undefined {
  const folder = temporaryFolder('disk')
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0700`, 'tmpfs', folder.path])
  if (mounted.status !== 0) {
    folder.remove()
    return undefined
  }
  return {
    path: folder.path,
    remove() {
      spawnSync('umount', [folder.path])
      folder.remove()
    },
  }
}

/** Takes all space that is left. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(64 * 1024)
  try {
    for (;;) writeSync(file, block)
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  } finally {
    closeSync(file)
  }
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return
    await wait(200)
  }
  assert.fail(`${what} did not happen`)
}

test('a disk that fills up under load refuses, loses nothing, and recovers by itself', {
  timeout: 120_000,
}, async (context) => {
  const disk = mountSmallDisk()
  if (disk === undefined) return context.skip('cannot mount a tmpfs here (needs root)')
  context.after(() => disk.remove())
  const data = join(disk.path, 'data')
  const server = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', data])
  const client = new kms.KMSClient({
    endpoint: server.endpoint,
    region: 'eu-west-1',
    credentials: readCredentials(data),
    maxAttempts: 1,
  })
  const create = async () => (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.KeyId!
  const succeeds = (work: () => Promise<unknown>) =>
    work().then(
      () => true,
      () => false,
    )

  const keys = [await create()]
  const blobs: Uint8Array[] = []
  const encrypt = async () => {
    const { CiphertextBlob } = await client.send(
      new kms.EncryptCommand({ KeyId: keys[0], Plaintext: Buffer.from('x') }),
    )
    blobs.push(CiphertextBlob!)
  }
  await encrypt()

  const filler = join(disk.path, 'filler')
  fill(filler)
  let refusals = 0
  for (let tries = 0; tries < 300; tries++) {
    try {
      keys.push(await create())
      await encrypt()
    } catch (error) {
      assert.equal((error as Error).name, 'KMSInternalException', String(error))
      refusals++
    }
  }
  assert.ok(refusals > 0, 'a full disk refuses')
  await eventually('refusal of every call', async () => !(await succeeds(create)) && !(await succeeds(encrypt)))

  rmSync(filler)
  await eventually(
    'recovery',
    async () => (await succeeds(async () => keys.push(await create()))) && (await succeeds(encrypt)),
  )
  for (const KeyId of keys) await client.send(new kms.DescribeKeyCommand({ KeyId }))
  for (const CiphertextBlob of blobs) await client.send(new kms.DecryptCommand({ CiphertextBlob }))
  client.destroy()
  assert.equal(await server.end(), 0)
  const verified = spawnSync(process.execPath, [MAIN, 'audit', 'verify', '--data', data], { encoding: 'utf8' })
  assert.equal(verified.status, 0, verified.stdout + verified.stderr)
})

test('a data folder that cannot be written is a clear error at start', (context) => {
  const disk = mountSmallDisk()
  if (disk === undefined) return context.skip('cannot mount a tmpfs here (needs root)')
  context.after(() => disk.remove())
  const data = join(disk.path, 'data')
  mkdirSync(data, { mode: 0o700 })
  assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk.path]).status, 0)
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'start', '--port', '0', '--data', data], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(status, 1)
  assert.match(stderr, /read-only|cannot write|not writable/i)
  assert.ok(stderr.includes(data), 'the message names the folder')
  assert.doesNotMatch(stderr, /\n\s+at .*\(/, 'no stack trace')
})
