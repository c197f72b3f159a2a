/** Big-endian integers and length-prefixed fields: the building blocks of our formats. */

export function u8(value: number): Buffer {
  return Buffer.of(value)
}

export function u16be(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32be(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function u64be(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** u16be(length in bytes) ‖ UTF-8: injective, unlike a separator. */
export function field(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([u16be(bytes.length), bytes])
}
