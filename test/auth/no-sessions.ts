/** Where nobody ever assumed a role: every session token is a stranger's. */
import type { ServiceSource, SessionSource } from '../../src/auth/authenticator.ts'

export const NO_SESSIONS: SessionSource = {
  find: async () => undefined,
  openSecret: () => Promise.reject(new Error('there are no sessions')),
}

export const NO_SERVICES: ServiceSource = {
  find: async () => undefined,
  openSecret: async () => {
    throw new Error('there are no services')
  },
}
