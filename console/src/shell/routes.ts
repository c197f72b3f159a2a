/** Addresses of pages, after the `#`, as AWS's console has them. */
import { useSyncExternalStore } from 'react'

export const PATHS = {
  customerKeys: '/kms/keys',
  awsKeys: '/kms/defaultKeys',
  createKey: '/kms/keys/create',
  key: (keyId: string, tab?: string) => `/kms/keys/${keyId}${tab === undefined ? '' : `/${tab}`}`,
} as const

export function hrefOf(path: string): string {
  return `#${path}`
}

export function goTo(path: string): void {
  location.hash = path
}

export type Route =
  | { readonly page: 'customer-keys' | 'aws-keys' | 'create-key' | 'unknown' }
  | { readonly page: 'key'; readonly keyId: string; readonly tab: string | undefined }

export function routeOf(path: string): Route {
  if (path === '' || path === '/' || path === PATHS.customerKeys) return { page: 'customer-keys' }
  if (path === PATHS.awsKeys) return { page: 'aws-keys' }
  if (path === PATHS.createKey) return { page: 'create-key' }
  const [, keyId, tab] = /^\/kms\/keys\/([A-Za-z0-9_-]+)(?:\/([A-Za-z]+))?$/.exec(path) ?? []
  return keyId === undefined ? { page: 'unknown' } : { page: 'key', keyId, tab }
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.hash.slice(1))
}

function subscribe(onChange: () => void): () => void {
  addEventListener('hashchange', onChange)
  return () => removeEventListener('hashchange', onChange)
}
