/** What the domain is built from, for the rooms above it. */
export type { RandomSource } from '../crypto/random.ts'
