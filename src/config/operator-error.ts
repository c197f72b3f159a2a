/** Something that the person at the terminal can mend: one paragraph without a stack, and what to do about it. */

export interface OperatorErrorOptions {
  /** What to do, as a sentence or a command. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

export class OperatorError extends Error {
  readonly hint: string | undefined

  constructor(message: string, { hint, cause }: OperatorErrorOptions = {}) {
    super(message, { cause })
    this.name = 'OperatorError'
    this.hint = hint
  }
}

/** The command line, the environment or the configuration file is wrong: exit code 2, nothing was touched. */
export class UsageError extends OperatorError {}
