/** The clusters of HSMs that custom key stores may be made on, in a YAML file (docs/key-stores.md). */
import { certificateDigest } from '../crypto/certificate-digest.ts'
import type { HsmCluster, TokenName } from '../hsm/hsm-cluster.ts'
import { type Mapping, type OperatorFile, openOperatorFile } from './operator-file.ts'

const FLAG = '--hsm-clusters'
const HINT = "docs/key-stores.md shows such a file, and 'keyhold hsm describe' prints entries of it"

/** @throws {UsageError} with the place of what cannot be used. */
export function readHsmClusters(path: string): readonly HsmCluster[] {
  const file = openOperatorFile(path, FLAG, HINT)
  return Object.entries(file.contents).map(([clusterId, entry]) => {
    const where = `${path}: ${clusterId}`
    return readCluster(clusterId, file.mapping(entry, where), file, where)
  })
}

const MEMBERS = [
  'module',
  'tokens',
  'trust-anchor',
  'min-create',
  'min-connect',
  'rotate-pin',
  'derive-keys',
  'gcm-parameters',
  'environment',
] as const

/** keystores.md 1.1. */
const CLUSTER_ID = /^cluster-[2-7a-zA-Z]{11,16}$/
const TOKENS_MAX = 100

function readCluster(clusterId: string, entry: Mapping, file: OperatorFile, where: string): HsmCluster {
  if (!CLUSTER_ID.test(clusterId)) {
    throw file.unusable(where, "expected 'cluster-' and 11 to 16 letters or digits from 2 to 7")
  }
  file.checkNames(entry, MEMBERS, where)
  const tokens = readTokens(entry.tokens, file, `${where}: tokens`)
  return {
    clusterId,
    module: file.filePath(entry.module, `${where}: module`),
    tokens,
    // AWS's minimum, which leaves room for one to fail; a single token is a choice that has to be made.
    minCreate: readCount(entry['min-create'] ?? 2, file, `${where}: min-create`),
    minConnect: readCount(entry['min-connect'] ?? 1, file, `${where}: min-connect`),
    trustAnchorDigest: readAnchor(entry['trust-anchor'], file, `${where}: trust-anchor`),
    rotatePin: readTruth(entry['rotate-pin'] ?? true, file, `${where}: rotate-pin`),
    derivesKeys: readTruth(entry['derive-keys'] ?? true, file, `${where}: derive-keys`),
    gcmParameters: readLayout(entry['gcm-parameters'] ?? 'v2.40', file, `${where}: gcm-parameters`),
    environment: readEnvironment(entry.environment ?? {}, file, `${where}: environment`),
  }
}

function readTokens(value: unknown, file: OperatorFile, where: string): readonly TokenName[] {
  const names = Array.isArray(value) ? value.map((name) => readToken(file.mapping(name, where), file, where)) : []
  if (names.length > 0 && names.length <= TOKENS_MAX) return names
  throw file.unusable(where, `expected a list of 1 to ${TOKENS_MAX} tokens`)
}

/** Serial numbers and labels of digits alone are numbers in YAML, and so are those like `1e5`: they have to be quoted. */
function readToken(name: Mapping, file: OperatorFile, where: string): TokenName {
  file.checkNames(name, ['serial', 'label'], where)
  const { serial, label } = name
  if (typeof serial === 'string' && label === undefined) return { serial }
  if (typeof label === 'string' && serial === undefined) return { label }
  throw file.unusable(where, 'expected the serial or the label of each token, as a text in quotes')
}

function readCount(value: unknown, file: OperatorFile, where: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= TOKENS_MAX) return value as number
  throw file.unusable(where, `expected a number from 1 to ${TOKENS_MAX}`)
}

function readTruth(value: unknown, file: OperatorFile, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw file.unusable(where, 'expected true or false')
}

function readLayout(value: unknown, file: OperatorFile, where: string): HsmCluster['gcmParameters'] {
  if (value === 'v2.40' || value === 'v2.30') return value
  throw file.unusable(where, 'expected v2.40 or v2.30')
}

function readAnchor(value: unknown, file: OperatorFile, where: string): string {
  const path = file.filePath(value, where)
  const digest = certificateDigest(file.readText(path, where))
  if (digest === undefined) throw file.unusable(path, 'expected a certificate (PEM)')
  return digest
}

function readEnvironment(value: unknown, file: OperatorFile, where: string): Readonly<Record<string, string>> {
  const variables = file.mapping(value, where)
  for (const [name, text] of Object.entries(variables)) {
    if (typeof text !== 'string') throw file.unusable(`${where}: ${name}`, 'expected a text')
  }
  return variables as Readonly<Record<string, string>>
}
