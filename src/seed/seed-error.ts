/** A seed that cannot be read, or that contradicts what is there: for the person who wrote it, with the place in it. */
export class SeedError extends Error {}
