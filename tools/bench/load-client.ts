/** The process that makes the load, on a core of its own: runs each order that its parent sends and reports the result. */
import { type LoadOrder, type LoadResult, runLoad } from './load.ts'

export type LoadReport = { readonly result: LoadResult } | { readonly failure: string }

process.on('message', async (order: LoadOrder) => {
  const report: LoadReport = await runLoad(order).then(
    (result) => ({ result }),
    (error: Error) => ({ failure: error.message }),
  )
  process.send!(report)
})
process.on('disconnect', () => process.exit(0))
