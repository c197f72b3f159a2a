/**
 * The jobs of the cryptography thread by name. Each loads its module at first use, so that a service which never meets an
 * SM2 key never loads SM2.
 */
type Job<F> = F extends (...input: infer I) => infer O ? (...input: I) => Promise<Awaited<O>> : never

function job<M, Name extends keyof M>(load: () => Promise<M>, name: Name): Job<M[Name]> {
  const run = async (...input: readonly unknown[]) => {
    const module = await load()
    return (module[name] as (...input: readonly unknown[]) => unknown)(...input)
  }
  return run as Job<M[Name]>
}

const ecdsa = () => import('./ecdsa-digest.ts')
const edwards = () => import('./ed25519ph.ts')
const mlDsa = () => import('./ml-dsa-mu.ts')
const rsa = () => import('./rsa-digest.ts')
const sm2 = () => import('./sm2.ts')
const importing = () => import('./import-private-key.ts')

export const jobs = Object.freeze({
  signEcdsaDigest: job(ecdsa, 'sign'),
  verifyEcdsaDigest: job(ecdsa, 'verify'),
  signEd25519ph: job(edwards, 'sign'),
  verifyEd25519ph: job(edwards, 'verify'),
  signMlDsaMu: job(mlDsa, 'sign'),
  verifyMlDsaMu: job(mlDsa, 'verify'),
  restrictToPss: job(rsa, 'restrictToPss'),
  signRsaDigest: job(rsa, 'sign'),
  verifyPssDigest: job(rsa, 'verifyPss'),
  signSm2: job(sm2, 'sign'),
  verifySm2: job(sm2, 'verify'),
  encryptSm2: job(sm2, 'encrypt'),
  decryptSm2: job(sm2, 'decrypt'),
  agreeSm2: job(sm2, 'agree'),
  importRsa: job(importing, 'importRsa'),
  importEcc: job(importing, 'importEcc'),
  importEd25519: job(importing, 'importEd25519'),
  importSm2: job(importing, 'importSm2'),
})

export type Jobs = typeof jobs
