/** Methods, content types, targets (operations.md 1.4, rows 2 and 4) and bytes that are not HTTP as RFC 9112 has it. */
import { HOST, withHeader } from '../../auth/signer.ts'
import {
  BAD_REQUEST,
  type Expected,
  type HostileCase,
  NOT_FOUND,
  type RawCase,
  type SignedCase,
  UNKNOWN_OPERATION,
  UNREADABLE,
} from './hostile-case.ts'

const NOTHING_TO_AUTHORIZE: Expected = {
  status: 403,
  body: '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>',
}

const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'MKCOL', 'SEARCH', 'PURGE']

const CONTENT_TYPES = [
  '',
  'text/plain',
  'text/xml',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'application/x-amz-json-2.0',
  'application/x-amz-cbor-1.1',
  'application/x-amz-json-1.1.1',
  'application/x-amz-json',
  'application/jsonp',
  'application/ json',
  'text/plain; application/json',
  'application/x-amz-json-1.1, application/x-amz-json-1.1',
  '; application/json',
]

const TARGETS = [
  '',
  'GenerateRandom',
  '.GenerateRandom',
  'TrentService',
  'TrentService.',
  'TrentService.generateRandom',
  'TrentService.GENERATERANDOM',
  'trentservice.GenerateRandom',
  'TRENTSERVICE.GenerateRandom',
  'TrentService.GenerateRandom.',
  'TrentService.GenerateRandom.GenerateRandom',
  'TrentService.TrentService.GenerateRandom',
  'TrentService GenerateRandom',
  'TrentService/GenerateRandom',
  'TrentService#GenerateRandom',
  'TrentService.Generate Random',
  'TrentService. GenerateRandom',
  'TrentService.Nothing',
  'TrentService.constructor',
  'TrentService.__proto__',
  'TrentService.toString',
  'TrentService.hasOwnProperty',
  'TrentService.*',
  'TrentService.GenerateRandom,TrentService.ListKeys',
  'TrentService.ListSecrets',
  'secretsmanager.GetSecretValue',
  'DynamoDB_20120810.GetItem',
  'com.amazonaws.kms#TrentService.GenerateRandom',
  'TrentService.GenerateRandom\u00e9',
  `TrentService.${'A'.repeat(5000)}`,
]

const headersWith = (more: Record<string, string>) => ({
  host: HOST,
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'TrentService.GenerateRandom',
  ...more,
})

const signedCases: readonly SignedCase[] = [
  ...METHODS.map((method) => ({
    name: `method: ${method}`,
    operation: 'GenerateRandom',
    method,
    body: '',
    expected: method === 'HEAD' ? { status: 404, body: '' } : NOT_FOUND,
  })),
  { name: 'method: PUT with a body', operation: 'GenerateRandom', method: 'PUT', body: '{}', expected: NOT_FOUND },
  ...CONTENT_TYPES.map((type) => ({
    name: `content type: ${type}`,
    headers: headersWith({ 'content-type': type }),
    expected: NOT_FOUND,
  })),
  {
    name: 'content type: none',
    operation: 'GenerateRandom',
    spoil: (signed) => withHeader(signed, 'content-type', undefined),
    expected: NOT_FOUND,
  },
  {
    name: 'content type: two',
    operation: 'GenerateRandom',
    spoil: (signed) => ({ ...signed, rawHeaders: [...signed.rawHeaders, 'Content-Type', 'application/json'] }),
    expected: NOT_FOUND,
  },
  {
    name: 'content type: none, and no body',
    operation: 'GenerateRandom',
    body: '',
    spoil: (signed) => withHeader(signed, 'content-type', undefined),
    expected: UNREADABLE,
  },
  ...TARGETS.map((target) => ({
    name: `target: ${target.slice(0, 60)}`,
    headers: headersWith({ 'x-amz-target': target }),
    expected: UNKNOWN_OPERATION,
  })),
  ...TARGETS.slice(1, 6).map((target) => ({
    name: `target: ${target}, with a forged signature`,
    headers: headersWith({ 'x-amz-target': target }),
    signing: { secretAccessKey: 'forged' },
    expected: UNKNOWN_OPERATION,
  })),
  {
    name: 'target: none',
    operation: 'GenerateRandom',
    spoil: (signed) => withHeader(signed, 'x-amz-target', undefined),
    expected: UNKNOWN_OPERATION,
  },
  {
    name: 'target: none, nor a signature',
    operation: 'GenerateRandom',
    spoil: (signed) => withHeader(withHeader(signed, 'x-amz-target', undefined), 'authorization', undefined),
    expected: NOTHING_TO_AUTHORIZE,
  },
  {
    name: 'target: none, nor a signature, nor a body',
    body: '',
    spoil: (signed) => withHeader(withHeader(signed, 'x-amz-target', undefined), 'authorization', undefined),
    expected: NOTHING_TO_AUTHORIZE,
  },
]

const LINES = 'Host: kms.test\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: TrentService.ListKeys\r\n'
const HEAD = `POST / HTTP/1.1\r\n${LINES}`
const MISSING_TOKEN: Expected = {
  status: 400,
  type: 'MissingAuthenticationTokenException',
  text: 'Missing Authentication Token',
}
const TOO_LARGE: Expected = { status: 413, body: '' }
const HEADERS_TOO_LARGE: Expected = { status: 431, body: '' }
const SMUGGLED = `POST / HTTP/1.1\r\n${LINES}Content-Length: 2\r\n\r\n{}`

/** Head after the target's line, and all that follows. */
const AFTER_HEAD: Readonly<Record<string, readonly [rest: string, expected: Expected]>> = {
  // Two framings of one body: whoever stands before us may have believed the other one.
  'Content-Length and Transfer-Encoding': [
    `Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    BAD_REQUEST,
  ],
  'Transfer-Encoding and Content-Length': [
    `Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    BAD_REQUEST,
  ],
  'two different Content-Lengths': [`Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `, BAD_REQUEST],
  'two equal Content-Lengths': [`Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`, BAD_REQUEST],
  'a list of Content-Lengths': ['Content-Length: 2, 2\r\n\r\n{}', BAD_REQUEST],
  'a negative Content-Length': ['Content-Length: -1\r\n\r\n{}', BAD_REQUEST],
  'a Content-Length with a plus': ['Content-Length: +2\r\n\r\n{}', BAD_REQUEST],
  'a Content-Length in hexadecimal': ['Content-Length: 0x2\r\n\r\n{}', BAD_REQUEST],
  'a Content-Length with a fraction': ['Content-Length: 2.0\r\n\r\n{}', BAD_REQUEST],
  'a Content-Length with letters': ['Content-Length: two\r\n\r\n{}', BAD_REQUEST],
  'an empty Content-Length': ['Content-Length: \r\n\r\n{}', BAD_REQUEST],
  'a Content-Length with a blank inside': ['Content-Length: 1 2\r\n\r\n{}', BAD_REQUEST],
  'a Content-Length beyond 64 bits': ['Content-Length: 18446744073709551618\r\n\r\n{}', BAD_REQUEST],
  'a Content-Length of a gigabyte': ['Content-Length: 1073741824\r\n\r\n{}', TOO_LARGE],
  'a Content-Length one above the limit': ['Content-Length: 1048577\r\n\r\n{}', TOO_LARGE],
  'an unknown Transfer-Encoding': ['Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', BAD_REQUEST],
  'Transfer-Encoding identity': ['Transfer-Encoding: identity\r\n\r\n{}', BAD_REQUEST],
  'Transfer-Encoding that does not end in chunked': [
    'Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    BAD_REQUEST,
  ],
  'chunked twice': [
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    BAD_REQUEST,
  ],
  'Transfer-Encoding with a blank before the colon': [
    'Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    BAD_REQUEST,
  ],
  'Transfer-Encoding on a folded line': ['Transfer-Encoding:\r\n chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', BAD_REQUEST],
  'a chunk size that is no number': ['Transfer-Encoding: chunked\r\n\r\nz\r\n{}\r\n0\r\n\r\n', BAD_REQUEST],
  'a chunk size with a sign': ['Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n', BAD_REQUEST],
  'a chunk size with 0x': ['Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n', BAD_REQUEST],
  'an empty chunk size': ['Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n', BAD_REQUEST],
  'a chunk size beyond 64 bits': [
    'Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n',
    BAD_REQUEST,
  ],
  'a chunk longer than its size': ['Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n', BAD_REQUEST],
  'a chunk that ends in a line feed alone': ['Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n', BAD_REQUEST],
  'chunks above the limit': [
    `Transfer-Encoding: chunked\r\n\r\n${`40000\r\n${' '.repeat(0x40000)}\r\n`.repeat(5)}0\r\n\r\n`,
    TOO_LARGE,
  ],
  'a header without a colon': ['Nonsense\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a header without a name': [': x\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a blank before the colon': ['X-A : x\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a blank in a header name': ['X A: x\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a quote in a header name': ['X"A: x\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a letter beyond ASCII in a header name': ['X-\u00e9: x\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a NUL in a header name': ['X\0A: x\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a NUL in a header value': ['X-A: x\0y\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a control character in a header value': ['X-A: x\u0001y\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a carriage return in a header value': ['X-A: x\ry\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a folded header': ['X-A: x\r\n y\r\nContent-Length: 2\r\n\r\n{}', BAD_REQUEST],
  'a header value of 16 KiB': [`X-A: ${'x'.repeat(16 * 1024)}\r\nContent-Length: 2\r\n\r\n{}`, HEADERS_TOO_LARGE],
  'a header name of 16 KiB': [`${'x'.repeat(16 * 1024)}: x\r\nContent-Length: 2\r\n\r\n{}`, HEADERS_TOO_LARGE],
  '16 KiB of headers': [
    `${'X-A: xxxxxxxxxxxxxxxxxxxxxx\r\n'.repeat(600)}Content-Length: 2\r\n\r\n{}`,
    HEADERS_TOO_LARGE,
  ],
  'a hundred headers too many': [`${'a: b\r\n'.repeat(200)}Content-Length: 2\r\n\r\n{}`, HEADERS_TOO_LARGE],
  'an expectation that nobody knows': ['Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}', { status: 417, body: '' }],
  'a wish to speak another protocol': [
    'Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}',
    MISSING_TOKEN,
  ],
  'a wish to open a WebSocket': [
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nContent-Length: 2\r\n\r\n{}',
    MISSING_TOKEN,
  ],
  'no signature': ['Content-Length: 2\r\n\r\n{}', MISSING_TOKEN],
}

const WHOLE: Readonly<Record<string, readonly [bytes: string, expected: Expected]>> = {
  'no request line': ['\r\n\r\n\r\nHost: x\r\n\r\n', BAD_REQUEST],
  'text that is no HTTP': ['hello\r\n\r\n', BAD_REQUEST],
  'a TLS greeting': ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', BAD_REQUEST],
  'an SSH greeting': ['SSH-2.0-OpenSSH_9.6\r\n', BAD_REQUEST],
  zeros: ['\0'.repeat(64), BAD_REQUEST],
  'a request line without a version': [`POST /\r\n${LINES}\r\n`, BAD_REQUEST],
  'HTTP/0.9': [`POST / HTTP/0.9\r\n${LINES}Content-Length: 0\r\n\r\n`, BAD_REQUEST],
  'HTTP/1.2': [`POST / HTTP/1.2\r\n${LINES}Content-Length: 0\r\n\r\n`, BAD_REQUEST],
  'HTTP/2 announced as text': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', BAD_REQUEST],
  'HTTP/9.9': [`POST / HTTP/9.9\r\n${LINES}Content-Length: 0\r\n\r\n`, BAD_REQUEST],
  'another protocol': [`POST / ICAP/1.0\r\n${LINES}\r\n`, BAD_REQUEST],
  'a method that nobody knows': [`STEAL / HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'a method in lower case': [`post / HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'a method cut short': [`POS / HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'a blank before the method': [` POST / HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'a NUL in the path': [`POST /\0 HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'a path beyond ASCII': [`POST /\u00e9 HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'no path': [`POST  HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'a path without a slash': [`POST kms HTTP/1.1\r\n${LINES}\r\n`, BAD_REQUEST],
  'a path of 16 KiB': [`POST /${'x'.repeat(16 * 1024)} HTTP/1.1\r\n${LINES}\r\n`, HEADERS_TOO_LARGE],
  'a tunnel': ['CONNECT kms.test:443 HTTP/1.1\r\nHost: kms.test:443\r\n\r\n', { status: 404, body: '' }],
  'another host in the request line': [
    `POST http://other.test/ HTTP/1.1\r\n${LINES}Content-Length: 2\r\n\r\n{}`,
    MISSING_TOKEN,
  ],
  'HTTP/1.0 without a signature': [`POST / HTTP/1.0\r\n${LINES}Content-Length: 2\r\n\r\n{}`, MISSING_TOKEN],
  'no Host': [
    'POST / HTTP/1.1\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: TrentService.ListKeys\r\nContent-Length: 2\r\n\r\n{}',
    MISSING_TOKEN,
  ],
  'lines that end in a line feed alone': [`${HEAD}Content-Length: 2\r\n\r\n{}`.replaceAll('\r\n', '\n'), BAD_REQUEST],
  'a browser': ['GET / HTTP/1.1\r\nHost: kms.test\r\nAccept: text/html\r\n\r\n', NOT_FOUND],
  'a scanner': ['GET /.env HTTP/1.1\r\nHost: kms.test\r\n\r\n', NOT_FOUND],
  'OPTIONS of everything': ['OPTIONS * HTTP/1.1\r\nHost: kms.test\r\n\r\n', NOT_FOUND],
}

const rawCases: readonly RawCase[] = [
  ...Object.entries(AFTER_HEAD).map(([name, [rest, expected]]) => ({
    name: `HTTP: ${name}`,
    bytes: HEAD + rest,
    expected,
  })),
  ...Object.entries(WHOLE).map(([name, [bytes, expected]]) => ({ name: `HTTP: ${name}`, bytes, expected })),
]

export const framing: readonly HostileCase[] = [...signedCases, ...rawCases]
