/**
 * The files of the web console, for GET and HEAD below `/console/`. They are read once, at the first request for one of them,
 * and found by their whole path in a map from then on: no path of a request ever reaches the file system.
 */
import { type Dirent, promises as fs } from 'node:fs'
import type { RequestHeaders } from '../auth/request-headers.ts'
import { CONSOLE_BYTES_MAX, CONSOLE_FILES_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'

export const CONSOLE_PATH = '/console/'

export interface Page {
  readonly status: number
  /** Names and values in turn, without `Content-Length`. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** The same, smaller, for whoever takes gzip. */
  readonly packed?: Page
}

export interface PageRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: RequestHeaders
}

/** Never rejects. @returns `undefined` if the request is none for the console. */
export type ConsoleFiles = (request: PageRequest) => Promise<Page | undefined>

/**
 * Nothing but our own files runs, styles or is asked, and nobody may frame the page: a script that got in could read the
 * credentials of the person who is signed in. `data:` is for the icons and fonts in Cloudscape's style sheets.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const SAFETY_HEADERS: readonly string[] = [
  'Content-Security-Policy',
  CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options',
  'nosniff',
  'X-Frame-Options',
  'DENY',
  'Referrer-Policy',
  'no-referrer',
  'Cross-Origin-Opener-Policy',
  'same-origin',
  'Cross-Origin-Resource-Policy',
  'same-origin',
]

/** What a build may consist of; other files are not served. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  woff2: 'font/woff2',
}

/** Names below `assets/` hold a hash of the content. */
const HASHED = 'assets/'
const FOREVER = 'public, max-age=31536000, immutable'
const ASK_EACH_TIME = 'no-cache'

/** Beside a file, the same packed by the build. */
const PACKED = '.gz'

const NOT_BUILT = `The console has not been built.

In the repository this command makes it: npm run build:console
('npm start' and 'npm run dev' run it when it is missing; the npm package comes with it.)
`

/** @param folder of the build. @param log told why a build cannot be served. */
export function createConsoleFiles(folder: string, log: Log): ConsoleFiles {
  let reading: Promise<ReadonlyMap<string, Page>> | undefined

  function pages(): Promise<ReadonlyMap<string, Page>> {
    reading ??= readPages(folder).catch((error: NodeJS.ErrnoException) => {
      // A build that is made while the server runs is found by the next request.
      reading = undefined
      if (error.code !== 'ENOENT') log.error({ err: error, folder }, 'the console cannot be served')
      return NO_PAGES
    })
    return reading
  }

  return async ({ method, path, query, headers }) => {
    if (path === '/' && query === '' && isRead(method) && wantsHtml(headers)) return TO_CONSOLE
    if (path === '/console' && isRead(method)) return TO_CONSOLE
    if (!path.startsWith(CONSOLE_PATH)) return undefined
    if (!isRead(method)) return NOT_ALLOWED
    const found = await pages()
    const page = found.get(path) ?? (found.size === 0 ? NOT_MADE : NOT_FOUND)
    return page.packed !== undefined && takesGzip(headers) ? page.packed : page
  }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Browsers say so; clients of AWS's services do not. */
function wantsHtml(headers: RequestHeaders): boolean {
  return (headers.get('accept') ?? '').includes('text/html')
}

function takesGzip(headers: RequestHeaders): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(headers.get('accept-encoding') ?? '')
}

const NO_PAGES: ReadonlyMap<string, Page> = new Map()

function textPage(status: number, text: string, ...headers: readonly string[]): Page {
  const always = ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store']
  return { status, headers: [...SAFETY_HEADERS, ...always, ...headers], body: Buffer.from(text) }
}

const TO_CONSOLE = textPage(302, '', 'Location', CONSOLE_PATH, 'Vary', 'Accept')
const NOT_MADE = textPage(404, NOT_BUILT)
const NOT_FOUND = textPage(404, 'The console has no such file.\n')
const NOT_ALLOWED = textPage(405, 'The files of the console can only be read.\n', 'Allow', 'GET, HEAD')

async function readPages(folder: string): Promise<ReadonlyMap<string, Page>> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true })
  const names = entries.filter(isServed).map((entry) => nameOf(folder, entry))
  if (names.length > CONSOLE_FILES_MAX) throw new RangeError(`more than ${CONSOLE_FILES_MAX} files`)
  const files = new Map<string, Buffer>()
  let bytes = 0
  for (const name of names) {
    const body = await fs.readFile(`${folder}/${name}`)
    bytes += body.length
    if (bytes > CONSOLE_BYTES_MAX) throw new RangeError(`more than ${CONSOLE_BYTES_MAX} bytes`)
    files.set(name, body)
  }
  const pages = new Map<string, Page>()
  for (const [name, body] of files) {
    if (name.endsWith(PACKED)) continue
    const page = filePage(name, body, files.get(name + PACKED))
    pages.set(CONSOLE_PATH + name, page)
    if (name === 'index.html') pages.set(CONSOLE_PATH, page)
  }
  return pages
}

function filePage(name: string, body: Buffer, packed: Buffer | undefined): Page {
  const caching = name.startsWith(HASHED) ? FOREVER : ASK_EACH_TIME
  const headers = [...SAFETY_HEADERS, 'Content-Type', CONTENT_TYPES[extensionOf(name)]!, 'Cache-Control', caching]
  if (packed === undefined) return { status: 200, headers, body }
  const varied = [...headers, 'Vary', 'Accept-Encoding']
  const packedPage = { status: 200, headers: [...varied, 'Content-Encoding', 'gzip'], body: packed }
  return { status: 200, headers: varied, body, packed: packedPage }
}

/** Links are left out: they could lead elsewhere. */
function isServed(entry: Dirent): boolean {
  const name = entry.name.endsWith(PACKED) ? entry.name.slice(0, -PACKED.length) : entry.name
  return entry.isFile() && Object.hasOwn(CONTENT_TYPES, extensionOf(name))
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** Below the folder, with `/` on every system. */
function nameOf(folder: string, { parentPath, name }: Dirent): string {
  const below = parentPath.slice(folder.length).replaceAll('\\', '/').replace(/^\//, '')
  return below === '' ? name : `${below}/${name}`
}
