/** Terraform with the AWS provider, unmodified, where both are on this machine's disk. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const PROVIDER = 'registry.terraform.io/hashicorp/aws'

/** Folders with providers on disk: Terraform's own, and the one that a variable names. */
const PLUGIN_FOLDERS = [
  process.env.KEYHOLD_TERRAFORM_PLUGINS,
  join(homedir(), '.terraform.d', 'plugins'),
  '/usr/local/share/terraform/plugins',
  '/usr/share/terraform/plugins',
]

function pluginFolder(): string | undefined {
  return PLUGIN_FOLDERS.find((folder) => folder !== undefined && existsSync(join(folder, PROVIDER)))
}

/** For the `skip` of a test. */
export function reasonToSkipTerraform(): string | false {
  if (spawnSync('terraform', ['version']).status !== 0) return 'Terraform is not installed here'
  if (pluginFolder() === undefined)
    return 'the AWS provider of Terraform is on no local disk (KEYHOLD_TERRAFORM_PLUGINS)'
  return false
}

export interface Terraform {
  /** Values of the configuration's variables for all commands that follow. */
  set(variables: Readonly<Record<string, string>>): void
  /** Runs a command that must succeed. @returns what it printed. */
  succeed(...args: string[]): string
}

/** Initialised in `folder` with a copy of the configuration that is in `source`. */
export function terraformIn(folder: string, source: string): Terraform {
  cpSync(source, folder, { recursive: true })
  const rc = join(folder, 'terraform.rc')
  writeFileSync(rc, `provider_installation {\n  filesystem_mirror {\n    path = "${pluginFolder()}"\n  }\n}\n`)
  // Every command starts the provider two or three times, which makes the schemas of a thousand resources: Go's collector,
  // at its usual pace, takes a third of the processor's time for that.
  const env = { ...process.env, TF_CLI_CONFIG_FILE: rc, CHECKPOINT_DISABLE: '1', GOGC: '400' }
  const succeed = (...args: string[]) => {
    const options = { cwd: folder, encoding: 'utf8', env } as const
    const { status, stdout, stderr } = spawnSync('terraform', [...args, '-no-color', '-input=false'], options)
    assert.equal(status, 0, `${stdout}\n${stderr}`)
    return stdout
  }
  succeed('init')
  return {
    set: (variables) => writeFileSync(join(folder, 'terraform.tfvars.json'), JSON.stringify(variables)),
    succeed,
  }
}
