/** An answer before it is written to a socket. */
import { AWS_JSON } from './aws-json.ts'

export interface Answer {
  readonly status: number
  readonly contentType: string
  /** May be empty. */
  readonly body: string
  /** `x-amzn-RequestId` */
  readonly requestId: string
}

export function jsonAnswer(status: number, body: string, requestId: string): Answer {
  return { status, contentType: AWS_JSON, body, requestId }
}

/** JSON for people and tools of Keyhold, not for AWS's clients. */
export function plainJsonAnswer(status: number, value: object, requestId: string): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(value), requestId }
}

export function textXmlAnswer(status: number, body: string, requestId: string): Answer {
  return { status, contentType: 'text/xml', body, requestId }
}

export function xmlAnswer(status: number, body: string, requestId: string): Answer {
  return { status, contentType: 'application/xml', body, requestId }
}
