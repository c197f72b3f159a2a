/** A seed in a YAML file. */
import { readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { parseYaml, YamlFault } from '../config/yaml.ts'
import { readSeed, type Seed } from './seed.ts'
import { SeedError } from './seed-error.ts'

/** @throws {SeedError} with the path and the place in the file. */
export function loadSeedFile(path: string): Seed {
  const text = readText(path)
  try {
    // The failsafe schema leaves every scalar the text it is: an account keeps its leading zeros.
    return readSeed(parseYaml(text, { schema: 'failsafe' }))
  } catch (error) {
    if (!(error instanceof SeedError || error instanceof YamlFault)) throw error
    throw new SeedError(`${path}: ${error.message}`, { cause: error })
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SeedError(`cannot read the seed ${path}: ${fileFault(cause).reason}`, { cause })
  }
}
