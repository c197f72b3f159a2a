/** An answer as text, head and body, with the headers that node:http writes. */
import type { Answer } from './answer.ts'
import { STATUS_CODES } from './node-http.ts'

/** `Date` changes once a second; making its text costs more than the rest of the head. */
let dateSecond = 0
let dateText = ''

/** RFC 9110 5.6.7. Of the machine's clock, as node:http has it, also where the service's has been moved. */
function date(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1000).toUTCString()
  }
  return dateText
}

/** @param keepAlive `Connection` and what belongs to it, whole lines. */
export function answerText(
  { status, contentType, body, requestId }: Answer,
  bodyBytes: number,
  keepAlive: string,
): string {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nx-amzn-RequestId: ${requestId}\r\nContent-Type: ${contentType}\r\n`
  return `${head}Content-Length: ${bodyBytes}\r\n${keepAlive}Date: ${date()}\r\n\r\n${body}`
}
