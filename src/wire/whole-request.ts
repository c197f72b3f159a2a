/** A request that has been read to its end, whoever read it, and how it is answered. */
import type { RequestHeaders } from '../auth/request-headers.ts'
import type { Answer } from './answer.ts'
import type { Page } from './console-files.ts'
import type { Peer } from './peer.ts'

export interface WholeRequest {
  readonly peer: Peer
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  readonly requestHeaders: RequestHeaders
  readonly body: Buffer
  /** Does nothing if the client has gone. @param isLast the connection ends with it, unless it has brought another request already. */
  send(answer: Answer, isLast: boolean): void
  /** Absent where the request cannot be one for a page. */
  sendPage?(page: Page, isLast: boolean): void
}
