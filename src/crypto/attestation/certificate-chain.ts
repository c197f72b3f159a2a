/** Path validation (RFC 5280, section 6) for the chains of attestation documents: from a root that we trust to the leaf. */
import { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate,
  type Extension,
  id_ce_basicConstraints,
  id_ce_keyUsage,
} from '@peculiar/asn1-x509'

export class ChainError extends Error {}

/** Extensions that are looked at here; any other critical one makes a certificate unusable (RFC 5280, section 4.2). */
const UNDERSTOOD: ReadonlySet<string> = new Set([id_ce_basicConstraints, id_ce_keyUsage])

/**
 * @param chain DER, the root first, the leaf last, each issued by the one before.
 * @param roots DER of the roots that are trusted.
 * @param time milliseconds since the epoch, at which all certificates must be valid.
 * @returns the leaf.
 * @throws {ChainError}
 */
export function verifyChain(chain: readonly Uint8Array[], roots: readonly Uint8Array[], time: number): X509Certificate {
  const [first] = chain
  if (first === undefined || !roots.some((root) => Buffer.compare(root, first) === 0)) {
    throw new ChainError('its certificate chain does not begin with a trusted root')
  }
  const certificates = chain.map(parse)
  for (const [index, { x509, pathLengthMax }] of certificates.entries()) {
    checkValidity(x509, time)
    const next = certificates[index + 1]
    if (next === undefined) return x509
    // Certificates between this one and the leaf (RFC 5280, section 4.2.1.9).
    const between = certificates.length - index - 2
    if (!x509.ca || between > pathLengthMax)
      throw new ChainError('its certificate chain has an issuer that may not issue')
    // checkIssued compares names and key identifiers and asks for keyCertSign.
    if (!next.x509.checkIssued(x509) || !next.x509.verify(x509.publicKey)) {
      throw new ChainError('its certificate chain has a certificate that its issuer did not sign')
    }
  }
  throw new ChainError('it has no certificate')
}

interface ParsedCertificate {
  readonly x509: X509Certificate
  readonly pathLengthMax: number
}

function parse(der: Uint8Array): ParsedCertificate {
  try {
    const { extensions } = AsnConvert.parse(der, Certificate).tbsCertificate
    return { x509: new X509Certificate(der), pathLengthMax: readExtensions(extensions ?? []) }
  } catch (cause) {
    if (cause instanceof ChainError) throw cause
    throw new ChainError('its certificate chain has something that is no certificate', { cause })
  }
}

/** @returns how many certificates may stand between this one and a leaf. */
function readExtensions(extensions: Iterable<Extension>): number {
  let pathLengthMax = Number.POSITIVE_INFINITY
  for (const { critical, extnID, extnValue } of extensions) {
    if (critical && !UNDERSTOOD.has(extnID))
      throw new ChainError('its certificate chain has an unknown critical extension')
    if (extnID !== id_ce_basicConstraints) continue
    pathLengthMax = AsnConvert.parse(extnValue, BasicConstraints).pathLenConstraint ?? pathLengthMax
  }
  return pathLengthMax
}

function checkValidity(certificate: X509Certificate, time: number): void {
  const valid = certificate.validFromDate.getTime() <= time && time <= certificate.validToDate.getTime()
  if (!valid) throw new ChainError('its certificate chain has a certificate that is expired or not valid yet')
}
