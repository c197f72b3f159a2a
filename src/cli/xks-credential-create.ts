/** `keyhold xks-credential create PREFIX`: a credential for a tenant of the external key store proxy. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileFault } from '../base/file-fault.ts'
import { flag } from '../config/command-flags.ts'
import { yesOrNo } from '../config/kinds.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { createRandomSource } from '../crypto/random.ts'
import { writeDurably } from '../start/write-durably.ts'
import { readXksTenants } from '../start/xks-proxy.ts'
import { credentialText, newCredential } from '../xks-proxy/credentials.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK } from './terminal.ts'

export const xksCredentialCreate = defineCommand({
  args: ['PREFIX'],
  flags: { print: flag(yesOrNo, 'Print the file with its secret, too.') },
  settings: ['xksProxy', 'config'],
  description: `
Makes a credential with which AWS KMS, or another Keyhold, may use the external keys of a tenant, and
writes it to a file of its own in the tenant's folder of credentials. PREFIX is the tenant's name in the
file of --xks-proxy: /tenant-a.

The file has the form that AWS's console takes as the configuration file of a proxy. A running server
accepts the credential within two seconds, beside those that it accepts already; remove the file of an
old one when nobody uses it any more.`,
  async run({ settings, flags, args: [name], terminal }) {
    if (settings.xksProxy === undefined) throw new UsageError('--xks-proxy is missing')
    const { tenants } = readXksTenants(settings.xksProxy)
    const prefix = name === '/' ? '' : name!
    const tenant = tenants.find((one) => one.prefix === prefix)
    if (tenant === undefined) {
      const known = tenants.map((one) => one.prefix || '/').join(', ')
      throw new UsageError(`there is no tenant '${name}' in ${settings.xksProxy}`, { hint: `its tenants are ${known}` })
    }
    const credential = newCredential(createRandomSource())
    const text = credentialText(prefix, credential)
    const path = join(tenant.credentials, `${credential.accessKeyId}.json`)
    write(tenant.credentials, path, text)
    if (flags.print) terminal.print(text.trimEnd())
    terminal.tell(`keyhold: credential ${credential.accessKeyId} of ${name} written to ${path}`)
    return EXIT_OK
  },
})

function write(folder: string, path: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeDurably(path, text)
  } catch (cause) {
    const { reason, hint } = fileFault(cause)
    throw new OperatorError(`cannot write ${path}: ${reason}`, { hint, cause })
  }
}
