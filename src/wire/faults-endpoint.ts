/** `/_keyhold/faults`: makes a development server fail on purpose (docs/faults.md). */
import { FaultError } from '../pipeline/fault.ts'
import type { Faults } from '../pipeline/faults.ts'
import { type ControlEndpoint, ControlRefused, controlEndpoint, postedJson } from './control-endpoint.ts'

export const FAULTS_PATH = '/_keyhold/faults'

const METHODS =
  'GET lists the faults that are in force, POST with Content-Type application/json adds one, DELETE ends all of them'

export function createFaultsEndpoint(faults: Faults): ControlEndpoint {
  return controlEndpoint((request) => {
    if (request.method === 'DELETE') faults.clear()
    else if (request.method !== 'GET') add(faults, postedJson(request, METHODS))
    return { faults: faults.list().map(({ fault, hits }) => ({ ...fault, hits })) }
  })
}

function add(faults: Faults, given: unknown): void {
  try {
    faults.add(given)
  } catch (error) {
    throw error instanceof FaultError ? new ControlRefused(error.message) : error
  }
}
