/** Messages above the page: what succeeded, and what failed where no dialog is open to say so. */
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar'
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react'
import { failureOf } from '../aws/failure.ts'
import { FailureText, failureHeader } from './failure-alert.tsx'
import { usePath } from './routes.ts'

export interface Notices {
  succeeded(header: string, details?: { readonly content?: ReactNode; readonly action?: ReactNode }): void
  /** @param action as a verb: `disable key x` */
  failed(action: string, error: unknown): void
}

const NoticesContext = createContext<Notices | undefined>(undefined)
const ItemsContext = createContext<readonly Notice[]>([])

interface Notice extends FlashbarProps.MessageDefinition {
  readonly shownAt: number
}

/** Older ones make room. */
const NOTICES_MAX = 5
/** What was said at the end of one page belongs to the next one; older news is left behind. */
const NEWS_MS = 2_000

export function NoticesProvider({ children }: { readonly children: ReactNode }) {
  const [items, setItems] = useState<readonly Notice[]>([])
  const add = useCallback((message: FlashbarProps.MessageDefinition) => {
    const id = crypto.getRandomValues(new Uint32Array(2)).join('-')
    const onDismiss = () => setItems((before) => before.filter((item) => item.id !== id))
    const item = { ...message, id, onDismiss, dismissible: true, dismissLabel: 'Close', shownAt: performance.now() }
    setItems((before) => [item, ...before].slice(0, NOTICES_MAX))
  }, [])
  const path = usePath()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is the reason
  useEffect(() => {
    setItems((before) => before.filter(({ shownAt }) => performance.now() - shownAt < NEWS_MS))
  }, [path])
  const notices = useMemo(
    (): Notices => ({
      succeeded: (header, details) => add({ type: 'success', header, ...details }),
      failed(action, error) {
        const failure = failureOf(error)
        const header = failureHeader(action, failure)
        add({ type: 'error', ariaRole: 'alert', header, content: <FailureText failure={failure} /> })
      },
    }),
    [add],
  )
  return (
    <NoticesContext value={notices}>
      <ItemsContext value={items}>{children}</ItemsContext>
    </NoticesContext>
  )
}

export function useNotices(): Notices {
  const notices = use(NoticesContext)
  if (notices === undefined) throw new Error('used outside of NoticesProvider')
  return notices
}

export function NoticeBar() {
  return <Flashbar items={use(ItemsContext).map(({ shownAt: _, ...item }) => item)} />
}
