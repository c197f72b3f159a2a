/** Self-signed certificates for tests (RFC 5280), made here so that none has to be kept, renewed or trusted. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface SelfSigned {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), body])
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
const ECDSA_WITH_SHA256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'))
const SUBJECT_ALTERNATIVE_NAME = der(0x06, Buffer.from('551d11', 'hex'))

function utcTime(time: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(time).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`))
}

export interface CertificateWishes {
  /** DNS name that it is for, instead of `localhost` and 127.0.0.1. */
  readonly host?: string
  /** It is no longer valid since an hour ago. */
  readonly isExpired?: boolean
  /** How long it will be valid; 1 if absent. */
  readonly days?: number
}

/** Valid for `localhost` and 127.0.0.1, a day around now, unless wished otherwise. */
export function selfSigned(
  commonName: string,
  { host, isExpired = false, days = 1 }: CertificateWishes = {},
): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))))
  const alternatives =
    host === undefined
      ? sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)))
      : sequence(der(0x82, Buffer.from(host)))
  const validity = isExpired ? [-86_400_000, -3_600_000] : [-3_600_000, days * 86_400_000]
  const unsigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(...validity.map((offset) => utcTime(Date.now() + offset))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(SUBJECT_ALTERNATIVE_NAME, der(0x04, alternatives)))),
  )
  const signature = sign('sha256', unsigned, privateKey)
  const certificate = sequence(unsigned, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature))
  const base64 = certificate.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}
