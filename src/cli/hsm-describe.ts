/** `keyhold hsm describe MODULE`: what a PKCS #11 library has, as entries for the file of --hsm-clusters. */
import { resolve } from 'node:path'
import { stringify } from 'yaml'
import { OperatorError } from '../config/operator-error.ts'
import { clusterIdOf } from '../hsm/cluster-id.ts'
import { HsmError, type TokenState } from '../hsm/messages.ts'
import { startModule } from '../hsm/module-client.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK } from './terminal.ts'

export const hsmDescribe = defineCommand({
  args: ['MODULE'],
  settings: ['config'],
  description: `
Prints the tokens of a PKCS #11 library, each as an entry for the file of --hsm-clusters, and what they
lack for custom key stores. MODULE is the path of the library.

Write the certificate that stands for the cluster to the file of trust-anchor, and add further tokens of
the same cluster, if there are, to its list. Needs the optional package pkcs11js.`,
  async run({ args: [file], terminal }) {
    const module = resolve(terminal.folder, file!)
    const tokens = (await tokensOf(module)).filter(({ isInitialized }) => isInitialized)
    if (tokens.length === 0) {
      throw new OperatorError(`${module} shows no initialized token`, {
        hint: 'initialize one with the tool of its vendor; for SoftHSM2: softhsm2-util --init-token --free --label NAME',
      })
    }
    terminal.print(
      tokens
        .map((token) => entryOf(token, module))
        .join('\n')
        .trimEnd(),
    )
    return EXIT_OK
  },
})

async function tokensOf(module: string): Promise<readonly TokenState[]> {
  try {
    const client = await startModule({ module, gcmParameters: 'v2.40', environment: {} })
    try {
      return await client.call('allTokens', undefined)
    } finally {
      await client.close()
    }
  } catch (cause) {
    if (!(cause instanceof HsmError)) throw cause
    throw new OperatorError(cause.message.replace(/\n[\s\S]*$/, ''), { cause })
  }
}

function entryOf(token: TokenState, module: string): string {
  const { label, serial, manufacturer } = token
  const entry = {
    module,
    tokens: [{ serial }],
    'trust-anchor': 'customerCA.crt',
    'min-create': 1,
  }
  const notes = [`Token '${label}', serial number ${serial}, of ${manufacturer}`, ...lacksOf(token)]
  const comments = notes.map((note) => `# ${note}\n`).join('')
  return comments + stringify({ [clusterIdOf(token)]: entry })
}

function lacksOf({ hasUserPin, isPinLocked, hasGcm, canDerive }: TokenState): readonly string[] {
  return [
    hasUserPin ? undefined : 'It has no user PIN yet, which is the password of a custom key store.',
    isPinLocked ? 'Its user PIN is locked.' : undefined,
    hasGcm ? undefined : 'It cannot be used: it lacks CKM_AES_KEY_GEN, or CKM_AES_GCM for 32-byte keys.',
    canDerive ? undefined : 'It lacks CKM_AES_ECB_ENCRYPT_DATA: its keys encrypt at most 2^32 messages each.',
  ].filter((note) => note !== undefined)
}
