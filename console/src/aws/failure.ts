/** What went wrong, as the service said it. */

export interface Failure {
  /** Name of the exception: `AccessDeniedException`. */
  readonly code: string
  readonly message: string
  /** By which the audit log has it; absent where no answer came. */
  readonly requestId: string | undefined
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'Error', message: String(error), requestId: undefined }
  const metadata = (error as { $metadata?: { requestId?: string } }).$metadata
  // What `fetch` throws where no answer came; its own words differ by browser.
  if (metadata?.requestId === undefined && error instanceof TypeError && /fetch|network|load/i.test(error.message)) {
    return {
      code: 'No answer',
      message: `${location.origin} does not answer. Is Keyhold running?`,
      requestId: undefined,
    }
  }
  return { code: error.name, message: error.message || NO_TEXT, requestId: metadata?.requestId }
}

/** Some of AWS's exceptions come without a text, on AWS too. */
const NO_TEXT = 'The service gave no further explanation.'

export function isRefusal({ code }: Failure): boolean {
  return code === 'AccessDeniedException' || code === 'AccessDenied'
}
