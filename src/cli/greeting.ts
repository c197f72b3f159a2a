/** What a server says once it listens: where things are, and a first command to try. */
import { existsSync } from 'node:fs'
import type { TlsSettings } from '../config/listen-rules.ts'
import type { SharesParameters } from '../crypto/root-key/share-collector.ts'
import type { Address, Bound } from '../service.ts'
import { PROFILE } from '../start/credentials-file.ts'
import type { DataFolder } from '../start/data-folder.ts'
import type { PreparedFolder } from '../start/prepare.ts'
import { type RootKeyProvider, rootKeyFileOf } from '../start/root-key-files.ts'
import { VERSION } from '../start/version.ts'
import { CONSOLE_PATH } from '../wire/console-files.ts'
import { shellWord } from './terminal.ts'

/** As clients write it. */
export function endpointOf({ host, port }: Address, tls: TlsSettings | undefined): string {
  const name = host.includes(':') ? `[${host}]` : host
  return `${tls === undefined ? 'http' : 'https'}://${name}:${port}`
}

/** Nobody can call "all addresses"; no certificate names them, and not every system takes them for itself. */
function reachableAt({ host, port }: Address): Address {
  return { host: host === '0.0.0.0' || host === '::' ? 'localhost' : host, port }
}

/** Programs that start a server wait for this line. */
function readyLine(endpoint: string): string {
  return `listening on ${endpoint}`
}

/** The endpoint alone would do in a browser; the whole address tells that there is something to see. */
function consoleLine(endpoint: string): string {
  return `  console      ${endpoint}${CONSOLE_PATH}`
}

export interface ServerFacts {
  readonly folder: DataFolder
  readonly prepared: Pick<PreparedFolder, 'account' | 'isFirstStart' | 'store'>
  readonly region: string
  readonly tls: TlsSettings | undefined
  readonly address: Bound
  readonly xksProxyTls?: TlsSettings | undefined
  readonly hasConsole: boolean
}

export function serverGreeting({ folder, prepared, region, tls, address, hasConsole, ...facts }: ServerFacts): string {
  const endpoint = endpointOf(address, tls)
  const reachable = endpointOf(reachableAt(address), tls)
  // The administrator may have moved his credentials to where they belong.
  const hasCredentials = existsSync(folder.credentials)
  const lines = [
    `Keyhold ${VERSION}`,
    `  data folder  ${folder.path}`,
    ...(prepared.store === undefined ? [] : [`  store        ${prepared.store}`]),
    `  account      ${prepared.account}`,
    ...(hasCredentials ? [`  credentials  ${folder.credentials} (profile ${PROFILE})`] : []),
    ...(hasConsole ? [consoleLine(reachable)] : []),
    ...(address.xksProxy ? [`  XKS proxy    ${endpointOf(address.xksProxy, facts.xksProxyTls)}`] : []),
    ...(prepared.isFirstStart ? ['', ...firstStartAdvice(folder)] : []),
    '',
    'Try it:',
    `  ${tryServer(folder, hasCredentials, region, reachable)}`,
    '',
    readyLine(endpoint),
  ]
  return lines.join('\n')
}

/** Where it listens is not said in the words of {@link readyLine}: it is not ready. */
export function sealedGreeting(
  address: Address,
  tls: TlsSettings | undefined,
  { id, threshold, shares }: SharesParameters,
) {
  return `sealed on ${endpointOf(address, tls)}: ${threshold} of the ${shares} shares of the root key ${id} are needed.
Give each with 'keyhold unseal'.`
}

function firstStartAdvice(folder: DataFolder): string[] {
  const { provider, path } = rootKeyFileOf(folder, undefined) ?? { provider: 'file', path: folder.rootKey }
  if (provider === 'file') {
    return [
      `Back up ${path} now, and keep the copy apart from copies of the rest:`,
      'every key here is lost without it.',
    ]
  }
  return [`Back up ${path} and ${BESIDES[provider]}:`, 'every key here is lost without both.']
}

/** What else of a root key has to be kept. */
const BESIDES: Readonly<Record<Exclude<RootKeyProvider, 'file'>, string>> = {
  passphrase: 'remember your passphrase',
  kms: 'never delete the KMS key',
  pkcs11: 'back up the key by the means of its HSM',
  shares: 'keep the shares, each apart from the others',
}

/** For whoever did not get to see the greeting of the first start, because the server could not listen then. */
export function madeFolderNote(folder: DataFolder): string {
  const [first, second] = firstStartAdvice(folder)
  return `keyhold: made the data folder ${folder.path}\n${first}\n${second}`
}

function tryServer({ credentials }: DataFolder, hasCredentials: boolean, region: string, endpoint: string): string {
  const file = hasCredentials ? `AWS_SHARED_CREDENTIALS_FILE=${shellWord(credentials)} ` : ''
  return `${file}aws kms create-key --profile ${PROFILE} --region ${region} --endpoint-url ${endpoint}`
}

export const DEVELOPMENT_WARNING = `
*** Development mode: NOT SECURE ***
Anybody on this machine may use, change and delete every key, with any credentials.
Never trust it with a real secret.
`

export interface DevelopmentFacts {
  /** File of the trusted issuer of attestation documents. */
  readonly attestationIssuer: string | undefined
  /** `undefined`: in memory. */
  readonly folder: string | undefined
  readonly region: string
  readonly address: Address
  readonly hasConsole: boolean
}

export function developmentGreeting({ folder, region, address, ...facts }: DevelopmentFacts): string {
  const endpoint = endpointOf(address, undefined)
  const lines = [
    `Keyhold ${VERSION}, development mode`,
    `  keys         ${folder ?? 'in memory, gone when it stops'}`,
    '  credentials  test / test; an access key id of 12 digits is taken for the account',
    `  recipients   ${recipients(facts.attestationIssuer)}`,
    ...(facts.hasConsole ? [consoleLine(endpoint)] : []),
    '',
    'Try it:',
    `  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws kms create-key --region ${region} --endpoint-url ${endpoint}`,
    '',
    readyLine(endpoint),
  ]
  return lines.join('\n')
}

/** How to get a document that this server believes. */
function recipients(issuer: string | undefined): string {
  if (issuer === undefined) return "only Nitro Enclaves' documents; --attestation-issuer FILE trusts your own"
  return `keyhold attest PUBLIC_KEY_FILE --attestation-issuer ${shellWord(issuer)}`
}
