/** Something that is loaded when a part of the page appears, and again when asked. */
import { type DependencyList, useCallback, useEffect, useState } from 'react'
import { type Failure, failureOf } from './failure.ts'

export interface Loaded<T> {
  /** Of the latest successful load; stays while it is loaded again. */
  readonly value: T | undefined
  readonly failure: Failure | undefined
  readonly isLoading: boolean
  reload(): void
}

/** @param dependencies what `load` depends on: a change loads anew and forgets the old value. */
export function useLoaded<T>(load: () => Promise<T>, dependencies: DependencyList): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>(LOADING)
  const [turn, setTurn] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are the caller's
  useEffect(() => setState(LOADING), dependencies)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `load` is new with every rendering; its dependencies are the caller's
  useEffect(() => {
    let isCurrent = true
    setState((before) => ({ ...before, isLoading: true }))
    load().then(
      (value) => isCurrent && setState({ value, failure: undefined, isLoading: false }),
      (error) => isCurrent && setState({ value: undefined, failure: failureOf(error), isLoading: false }),
    )
    return () => {
      isCurrent = false
    }
  }, [...dependencies, turn])
  const reload = useCallback(() => setTurn((before) => before + 1), [])
  return { ...state, reload }
}

const LOADING = { value: undefined, failure: undefined, isLoading: true } as const
