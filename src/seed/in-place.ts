/** What the service would refuse, with the place in the seed where it is asked for. */
import { KmsError } from '../base/errors.ts'
import { SeedError } from './seed-error.ts'

/** @throws {SeedError} in place of a `KmsError` of `work`. */
export async function inPlace<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    throw new SeedError(`${place}: ${error.text ?? error.code}`, { cause: error })
  }
}
