/** Access keys for people and programs, in AWS's shared credentials format. A secret is shown once (authorization.md SEC-2). */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'

export interface AccessKeyText {
  readonly profile: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

export function accessKeyText({ profile, accessKeyId, secretAccessKey, region }: AccessKeyText): string {
  return `[${profile}]
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}
region = ${region}
`
}

export interface ReservedFile {
  /** On stable storage when this returns. */
  write(text: string): void
  /** Nothing was written. */
  giveBack(): void
}

/**
 * Makes the file, for its owner only, before the secret is made that goes into it: a secret that could not be written down
 * would be lost.
 * @throws {OperatorError} if there is such a file already: it may hold a secret that is nowhere else.
 */
export function reserveFile(path: string): ReservedFile {
  const file = openNew(path)
  return {
    write(text) {
      writeSync(file, text)
      fsyncSync(file)
      closeSync(file)
    },
    giveBack() {
      closeSync(file)
      rmSync(path, { force: true })
    },
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new OperatorError(`there is a file ${path} already`, { hint: 'name another with --output', cause })
    }
    const { reason, hint } = fileFault(cause)
    throw new OperatorError(`cannot write ${path}: ${reason}`, { hint, cause })
  }
}
