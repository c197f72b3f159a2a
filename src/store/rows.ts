/** How values of rows are read. */

/** Drivers differ in what they return for bytes; the domain works with buffers. Copies nothing. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Asserts what must hold: this statement met exactly one row. */
export function assertOneRow({ numUpdatedRows }: { numUpdatedRows: bigint }, subject: string): void {
  if (numUpdatedRows !== 1n) throw new Error(`${numUpdatedRows} rows were updated for ${subject}, expected one`)
}
