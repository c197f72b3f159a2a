/** Who is signed in: kept by the tab alone, and gone with it. Nothing is ever written to localStorage, a cookie or a URL. */

export interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken: string | undefined
  readonly region: string
}

const STORED_AS = 'keyhold.session'

/** @returns what `saveSession` kept in this tab, before a reload for example. */
export function loadSession(): Session | undefined {
  const text = sessionStorage.getItem(STORED_AS)
  if (text === null) return undefined
  try {
    const { accessKeyId, secretAccessKey, sessionToken, region } = JSON.parse(text)
    const texts = [accessKeyId, secretAccessKey, region]
    if (!texts.every((value) => typeof value === 'string' && value !== '')) return undefined
    return { accessKeyId, secretAccessKey, sessionToken: sessionToken ?? undefined, region }
  } catch {
    return undefined
  }
}

export function saveSession(session: Session): void {
  sessionStorage.setItem(STORED_AS, JSON.stringify(session))
}

export function forgetSession(): void {
  sessionStorage.removeItem(STORED_AS)
}
