/**
 * Killed before any of its durable steps, timed work or a call that makes several is undone or completed by the next start: no
 * client ever sees a half of it, and what was done is in the audit log exactly once.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { arnOf } from '../../src/domain/keys/key.ts'
import { ACCOUNT, type Answer, REGION } from '../support/harness.ts'
import { NEVER, wrap } from '../support/imports.ts'
import { tryAll } from './kill-at-steps.ts'
import type { Node } from './take-step.ts'

/** What a client can see of a key, and what its materials are. */
interface Seen {
  readonly metadata: Answer | undefined
  readonly rotations: Answer[]
  readonly status: Answer | undefined
}

async function see(node: Node, KeyId: string): Promise<Seen> {
  const orGone = (work: Promise<Answer>) =>
    work.catch((error) => {
      if (error.code !== 'NotFoundException') throw error
      return undefined
    })
  return {
    metadata: (await orGone(node.call('DescribeKey', { KeyId })))?.KeyMetadata,
    status: await orGone(node.call('GetKeyRotationStatus', { KeyId })),
    rotations:
      (await orGone(node.call('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })))?.Rotations ?? [],
  }
}

const statesOf = ({ rotations }: Seen): string[] => rotations.map(({ KeyMaterialState }) => KeyMaterialState)

const eventsOf = (records: readonly Answer[], eventName: string, arn: string) =>
  records.filter(
    (record) =>
      record.eventName === eventName && record.eventType === 'AwsServiceEvent' && record.resources[0].ARN === arn,
  )

async function createKey(node: Node, body: object = {}): Promise<Answer> {
  return (await node.call('CreateKey', body)).KeyMetadata
}

interface Letter {
  readonly key: Answer
  readonly blob: string
}

async function letterUnder(node: Node, key: Answer): Promise<Letter> {
  return { key, blob: (await node.call('Encrypt', { KeyId: key.KeyId, Plaintext: 'aGVsbG8=' })).CiphertextBlob }
}

async function assertOpens(node: Node, { blob }: Letter): Promise<void> {
  assert.equal((await node.call('Decrypt', { CiphertextBlob: blob })).Plaintext, 'aGVsbG8=')
}

/** Whether the key has rotated once; asserts that it has not half. */
async function hasRotated(node: Node, letter: Letter, type: string): Promise<boolean> {
  const seen = await see(node, letter.key.KeyId)
  const { CurrentKeyMaterialId: current } = seen.metadata
  await assertOpens(node, letter)
  const { KeyMaterialId } = await node.call('GenerateDataKey', { KeyId: letter.key.KeyId, KeySpec: 'AES_256' })
  assert.equal(KeyMaterialId, current)
  if (seen.rotations.length === 1) {
    assert.deepEqual(statesOf(seen), ['CURRENT'])
    assert.equal(current, letter.key.CurrentKeyMaterialId)
    return false
  }
  assert.deepEqual(statesOf(seen), ['NON_CURRENT', 'CURRENT'])
  assert.equal(seen.rotations[1].KeyMaterialId, current)
  assert.equal(seen.rotations[1].RotationType, type)
  assert.notEqual(current, letter.key.CurrentKeyMaterialId)
  return true
}

test('rotation of keys that are due', { timeout: 600_000 }, async (context) => {
  await tryAll<readonly Letter[]>(context, {
    async prepare(node) {
      const letters: Letter[] = []
      for (let index = 0; index < 3; index++) {
        const key = await createKey(node)
        await node.call('EnableKeyRotation', { KeyId: key.KeyId, RotationPeriodInDays: 90 })
        letters.push(await letterUnder(node, key))
      }
      return letters
    },
    daysAhead: 91,
    step: () => ({ do: 'jobs' }),
    async look(node, letters) {
      const done: boolean[] = []
      for (const letter of letters) {
        const rotated = await hasRotated(node, letter, 'AUTOMATIC')
        const { status } = await see(node, letter.key.KeyId)
        // The next date moves with the material or not at all.
        assert.equal(status.NextRotationDate > letter.key.CreationDate + 100 * 86_400, rotated)
        done.push(rotated)
      }
      return done
    },
    async finished() {},
    recorded(records, letters) {
      for (const { key } of letters) assert.equal(eventsOf(records, 'RotateKey', key.Arn).length, 1)
    },
  })
})

test('rotation on demand', { timeout: 600_000 }, async (context) => {
  await tryAll<Letter>(context, {
    prepare: async (node) => letterUnder(node, await createKey(node)),
    daysAhead: 0,
    step: ({ key }) => ({ do: 'call', operation: 'RotateKeyOnDemand', body: { KeyId: key.KeyId } }),
    async look(node, letter) {
      const { keyId, account, region } = { keyId: letter.key.KeyId, account: ACCOUNT, region: REGION }
      const { onDemandRotations } = (await node.store.findKey({ account, region, keyId }))!
      const { rotations } = await see(node, keyId)
      assert.equal(onDemandRotations, rotations.length - 1, 'the rotations that count against the limit are those made')
      // The second one, after the step was taken again, is another rotation.
      if (rotations.length === 3) return [true]
      return [await hasRotated(node, letter, 'ON_DEMAND')]
    },
    async finished(node, letter) {
      await assertOpens(node, letter)
    },
    recorded(records, { key }) {
      const calls = records.filter((record) => record.eventName === 'RotateKeyOnDemand')
      assert.equal(eventsOf(records, 'RotateKey', key.Arn).length, calls.length, 'one event for each call')
      assert.ok(calls.every(({ errorCode }) => errorCode === undefined))
    },
  })
})

/** Files of the folder's store that hold these bytes. */
function holders(folder: string, token: Buffer): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('keyhold.db'))
    .filter((name) => readFileSync(join(folder, name)).includes(token))
}

async function tokensOf(node: Node, keyId: string): Promise<readonly Buffer[]> {
  const name = { account: ACCOUNT, region: REGION, keyId }
  const materials = await node.store.listMaterials(name, { after: undefined, limit: 10 }, 'all')
  return materials.flatMap(({ token }) => (token === undefined ? [] : [token]))
}

test('erasing keys whose waiting period is over', { timeout: 600_000 }, async (context) => {
  interface Doomed {
    readonly letters: readonly Letter[]
    readonly tokens: readonly Buffer[]
    readonly neighbour: Letter
  }
  await tryAll<Doomed>(context, {
    async prepare(node) {
      const letters: Letter[] = []
      const tokens: Buffer[] = []
      for (let index = 0; index < 3; index++) {
        const letter = await letterUnder(node, await createKey(node))
        const { KeyId } = letter.key
        await node.call('CreateAlias', { AliasName: `alias/doomed-${index}`, TargetKeyId: KeyId })
        await node.call('RotateKeyOnDemand', { KeyId })
        await node.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
        tokens.push(...(await tokensOf(node, KeyId)))
        letters.push(letter)
      }
      return { letters, tokens, neighbour: await letterUnder(node, await createKey(node)) }
    },
    daysAhead: 8,
    step: () => ({ do: 'jobs' }),
    async look(node, { letters, neighbour }) {
      await assertOpens(node, neighbour)
      const { Aliases } = await node.call('ListAliases', {})
      assert.deepEqual(
        Aliases.filter(({ AliasName }: Answer) => AliasName.startsWith('alias/doomed')),
        [],
      )
      const done: boolean[] = []
      for (const [index, { key, blob }] of letters.entries()) {
        // Gone for everybody from its date on, erased or not.
        assert.equal((await see(node, key.KeyId)).metadata, undefined)
        await assert.rejects(node.call('Decrypt', { CiphertextBlob: blob }), { code: 'AccessDeniedException' })
        const name = { account: ACCOUNT, region: REGION, keyId: key.KeyId }
        const isThere = (await node.store.findKey(name)) !== undefined
        const materials = await node.store.listMaterials(name, { after: undefined, limit: 10 }, 'all')
        const alias = await node.store.findAlias({ ...name, aliasName: `alias/doomed-${index}` })
        assert.deepEqual([materials.length, alias !== undefined], isThere ? [2, true] : [0, false])
        done.push(!isThere)
      }
      return done
    },
    async finished() {},
    recorded(records, { letters, tokens }, folder) {
      for (const { key } of letters) assert.equal(eventsOf(records, 'DeleteKey', key.Arn).length, 1)
      assert.equal(tokens.length, 6)
      for (const token of tokens) assert.deepEqual(holders(folder, token), [], 'no file holds the material any more')
    },
  })
})

/** Imports 32 bytes, the same again if they are given. */
async function importInto(node: Node, KeyId: string, members: object, material = randomBytes(32)): Promise<object> {
  const algorithm = 'RSAES_OAEP_SHA_256'
  const request = { KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec: 'RSA_2048' }
  const parameters = { ...(await node.call('GetParametersForImport', request)), algorithm }
  const EncryptedKeyMaterial = wrap(parameters, material).toString('base64')
  return { KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial, ...members }
}

test('erasing imported material that has expired', { timeout: 600_000 }, async (context) => {
  interface Expiring {
    readonly letter: Letter
    readonly tokens: readonly Buffer[]
  }
  await tryAll<Expiring>(context, {
    async prepare(node) {
      const key = await createKey(node, { Origin: 'EXTERNAL' })
      const ValidTo = Math.floor(Date.now() / 1000) + 86_400
      await node.call('ImportKeyMaterial', await importInto(node, key.KeyId, { ValidTo }))
      const pending = await importInto(node, key.KeyId, { ValidTo, ImportType: 'NEW_KEY_MATERIAL' })
      await node.call('ImportKeyMaterial', pending)
      const tokens = await tokensOf(node, key.KeyId)
      return { letter: await letterUnder(node, key), tokens }
    },
    daysAhead: 2,
    step: () => ({ do: 'jobs' }),
    async look(node, { letter }) {
      const seen = await see(node, letter.key.KeyId)
      // Unusable from its date on, erased or not; the pending one stays listed (IMP-60).
      assert.equal(seen.metadata.KeyState, 'PendingImport')
      assert.deepEqual(statesOf(seen), ['CURRENT', 'PENDING_ROTATION'])
      assert.equal(seen.rotations[1].ImportState, 'IMPORTED')
      await assert.rejects(node.call('Decrypt', { CiphertextBlob: letter.blob }), { code: 'KMSInvalidStateException' })
      const name = { account: ACCOUNT, region: REGION, keyId: letter.key.KeyId }
      const key = (await node.store.findKey(name))!
      const [current, pending] = await node.store.listMaterials(name, { after: undefined, limit: 10 }, 'all')
      const isErased = current!.token === undefined
      assert.equal(key.importedMaterial!.isMissing, isErased, 'the key says of its material what is true')
      assert.equal(current!.imported!.isPresent, !isErased)
      return [isErased, pending!.token === undefined]
    },
    async finished() {},
    recorded(records, { letter, tokens }, folder) {
      assert.equal(eventsOf(records, 'DeleteExpiredKeyMaterial', letter.key.Arn).length, 2)
      assert.equal(tokens.length, 2)
      for (const token of tokens) assert.deepEqual(holders(folder, token), [], 'no file holds the material any more')
    },
  })
})

test('an import', { timeout: 600_000 }, async (context) => {
  interface Waiting {
    readonly key: Answer
    readonly request: object
  }
  await tryAll<Waiting>(context, {
    async prepare(node) {
      const key = await createKey(node, { Origin: 'EXTERNAL' })
      return { key, request: await importInto(node, key.KeyId, NEVER) }
    },
    daysAhead: 0.5,
    step: ({ request }) => ({ do: 'call', operation: 'ImportKeyMaterial', body: request }),
    async look(node, { key }) {
      const seen = await see(node, key.KeyId)
      if (seen.rotations.length === 0) {
        assert.deepEqual(seen.metadata, key)
        return [false]
      }
      const { KeyState, ExpirationModel, CurrentKeyMaterialId } = seen.metadata
      assert.deepEqual([KeyState, ExpirationModel], ['Enabled', 'KEY_MATERIAL_DOES_NOT_EXPIRE'])
      assert.equal(seen.rotations[0].KeyMaterialId, CurrentKeyMaterialId)
      await assertOpens(node, await letterUnder(node, key))
      return [true]
    },
    async finished() {},
    recorded(records, { key }) {
      const imports = records.filter((record) => record.eventName === 'ImportKeyMaterial')
      assert.ok(imports.length >= 1)
      for (const { resources, errorCode } of imports)
        assert.deepEqual([resources[0].ARN, errorCode], [key.Arn, undefined])
    },
  })
})

test('the making of an AWS managed key', { timeout: 600_000 }, async (context) => {
  await tryAll<undefined>(context, {
    prepare: async () => undefined,
    // A day old, the domain key is replaced on the way.
    daysAhead: 2,
    step: () => ({ do: 'call', operation: 'DescribeKey', body: { KeyId: 'alias/aws/s3' } }),
    async look(node) {
      const { Keys } = await node.call('ListKeys', {})
      const { Aliases } = await node.call('ListAliases', {})
      const alias = Aliases.find(({ AliasName }: Answer) => AliasName === 'alias/aws/s3')
      assert.equal(Keys.length, alias.TargetKeyId === undefined ? 0 : 1, 'key and alias come together')
      assert.equal(alias.TargetKeyId, Keys[0]?.KeyId)
      return [Keys.length === 1]
    },
    async finished(node) {
      const { KeyMetadata } = await node.call('DescribeKey', { KeyId: 'alias/aws/s3' })
      const { account, region } = { account: ACCOUNT, region: REGION }
      assert.equal(KeyMetadata.Arn, arnOf({ account, region, keyId: KeyMetadata.KeyId }))
      assert.equal(KeyMetadata.KeyState, 'Enabled')
    },
    recorded(records) {
      const made = records.filter(
        ({ eventName, eventType }) => eventName === 'CreateKey' && eventType === 'AwsServiceEvent',
      )
      assert.equal(made.length, 1)
    },
  })
})

test('secrets under an old domain key are sealed anew', { timeout: 600_000 }, async (context) => {
  const tokensOf = async (node: Node) => node.store.restingTokens('key material', undefined, 100)
  /** docs/formats/key-token.md */
  const domainKeyIdOf = ({ token }: { readonly token: Buffer }) => token.toString('hex', 1, 17)
  await tryAll<{ readonly letters: readonly Letter[]; readonly old: string }>(context, {
    async prepare(node) {
      const letters = [await letterUnder(node, await createKey(node)), await letterUnder(node, await createKey(node))]
      return { letters, old: domainKeyIdOf((await tokensOf(node))[0]!) }
    },
    daysAhead: 31,
    step: () => ({ do: 'jobs' }),
    async look(node, { letters, old }) {
      for (const letter of letters) await assertOpens(node, letter)
      return (await tokensOf(node)).map((resting) => domainKeyIdOf(resting) !== old)
    },
    async finished(node, { letters }) {
      for (const letter of letters) await assertOpens(node, letter)
    },
    recorded() {},
  })
})
