/**
 * Loaded before every test file of a suite, not by the processes that tests start. Node's test runner follows every promise of a test file with a hook, to tell which test an
 * uncaught error belongs to; tests that make many promises, as all do that ask the store, spend up to half of their time on that.
 * Without it such an error fails the file and is named there; what a test throws or rejects with is not concerned. Run alone
 * (`npx node --test FILE`), the file says whose it was.
 */
import asyncHooks from 'node:async_hooks'

const { createHook } = asyncHooks

// The runner takes the function from here when it is loaded.
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false })
