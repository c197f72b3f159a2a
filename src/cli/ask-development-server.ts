/** Asks a running `keyhold dev` for what only it has. */
import { OperatorError } from '../config/operator-error.ts'

export interface ControlQuestion {
  /** `http://127.0.0.1:4599` */
  readonly endpoint: string
  readonly path: string
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: object
  /** What a server without it does not have: `no clock to move`. */
  readonly lack: string
}

/** @returns its answer. @throws {OperatorError} with its complaint, or if there is none such. */
export async function askDevelopmentServer<T>({ endpoint, path, method, body, lack }: ControlQuestion): Promise<T> {
  const content = body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
  let response: Response
  try {
    response = await fetch(endpoint + path, { method: method ?? (body === undefined ? 'GET' : 'POST'), ...content })
  } catch (cause) {
    const hint = "start one with 'keyhold dev', and say where it listens with --host and --port"
    throw new OperatorError(`no server answers at ${endpoint}`, { hint, cause })
  }
  // Other servers take it for a request without a signature, or for no request at all.
  if (response.headers.get('content-type') !== 'application/json') {
    throw new OperatorError(`the server at ${endpoint} has ${lack}`, { hint: "only 'keyhold dev' has" })
  }
  const answer = (await response.json()) as T & { error?: string }
  if (response.ok) return answer
  throw new OperatorError(answer.error ?? `the server answered ${response.status}`)
}
