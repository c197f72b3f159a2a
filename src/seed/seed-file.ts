/** A seed in a YAML file. */
import { readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { parseDocument, yamlFault } from '../config/yaml.ts'
import { readSeed, type Seed } from './seed.ts'
import { SeedError } from './seed-error.ts'

/** @throws {SeedError} with the path and the place in the file. */
export function loadSeedFile(path: string): Seed {
  const document = parse(path)
  try {
    return readSeed(document)
  } catch (error) {
    if (!(error instanceof SeedError)) throw error
    throw new SeedError(`${path}: ${error.message}`, { cause: error })
  }
}

/** The failsafe schema leaves every scalar the text it is: an account keeps its leading zeros. */
function parse(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SeedError(`cannot read the seed ${path}: ${fileFault(cause).reason}`, { cause })
  }
  const document = parseDocument(text, { schema: 'failsafe' })
  const fault = yamlFault(document)
  if (fault !== undefined) throw new SeedError(`${path}: ${fault}`)
  return document.toJS()
}
