/**
 * `GET /health`, for load balancers and supervisors of processes: whether this process would answer a call now. It asks for no
 * signature, says one word, and is recorded nowhere.
 */
import type { Page } from './console-files.ts'

const PATH = '/health'

export type Health = 'serving' | 'unavailable' | 'sealed' | 'stopping'

/** Whatever the query says: some who ask add one against caches. */
export function asksForHealth({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return path === PATH && (method === 'GET' || method === 'HEAD')
}

export function healthPage(status: Health): Page {
  return {
    status: status === 'serving' ? 200 : 503,
    headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
    body: Buffer.from(`${JSON.stringify({ status })}\n`),
  }
}
