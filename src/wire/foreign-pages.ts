/**
 * Development mode believes whoever reaches it, and every page that a browser on this machine shows can send requests to it. Only this
 * server's own may. A page from elsewhere says so in `Origin` (Fetch standard, section 3.2) or `Sec-Fetch-Site` (Fetch Metadata Request
 * Headers), or it has a name of its own lead here (DNS rebinding), and then that name is in `Host`.
 */
import { isIP } from 'node:net'
import type { RequestHeaders } from '../auth/request-headers.ts'

/** @returns what is wrong; `undefined` for requests of programs, of the web console, and of whoever types an address. */
export function foreignPage(headers: Pick<RequestHeaders, 'get'>): string | undefined {
  const host = (headers.get('host') ?? '').toLowerCase()
  const name = host.replace(/:\d*$/, '')
  if (!isBeyondReach(name)) return `is not to be reached by the name ${name}: use localhost or an address`
  const origin = headers.get('origin')
  if (origin !== undefined && origin.toLowerCase().replace(/^https?:\/\//, '') !== host) return FROM_ELSEWHERE
  const site = headers.get('sec-fetch-site') ?? 'none'
  return site === 'none' || site === 'same-origin' ? undefined : FROM_ELSEWHERE
}

const FROM_ELSEWHERE = 'takes no requests of web pages from elsewhere'

/** RFC 6761, RFC 6762, RFC 8375, and the one that ICANN has set aside: nobody can register a name below them. */
const RESERVED = /\.(?:home\.arpa|internal|local|localhost|test)$/

/** AWS's, which a hosts file or a proxy may lead here, and the one that LocalStack's users have in their settings. */
const OF_AWS_CLIENTS = /(?:^|\.)(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws|localstack\.cloud)$/

/** Of those who could let a name of theirs lead here: addresses are no names, and names without a dot are for a network's own hosts. */
function isBeyondReach(name: string): boolean {
  if (!name.includes('.') || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true
  return RESERVED.test(name) || OF_AWS_CLIENTS.test(name)
}
