/**
 * As much of Protocol Buffers' wire format (protobuf.dev/programming-guides/encoding) as messages need whose fields are strings and bytes:
 * a message is a row of fields, each a key (number << 3 | wire type), a length and the bytes.
 */

/** What was read is no message. */
export class MalformedMessage extends Error {}

const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const FIXED_32 = 5
const VARINT_BYTES_MAX = 10

/** By field number; of a field that is there twice the last counts. Fields of other kinds are passed over, as those of newer versions are. */
export type Fields = ReadonlyMap<number, Buffer>

/** @throws {MalformedMessage} */
export function readFields(message: Buffer): Fields {
  const fields = new Map<number, Buffer>()
  let at = 0

  function varint(): bigint {
    let value = 0n
    for (let index = 0; index < VARINT_BYTES_MAX && at < message.length; index++) {
      const byte = message[at++]!
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return value
    }
    throw new MalformedMessage('a number in it has no end')
  }

  function take(bytes: number): Buffer {
    if (bytes > message.length - at) throw new MalformedMessage('a field in it is longer than the rest')
    at += bytes
    return message.subarray(at - bytes, at)
  }

  while (at < message.length) {
    const key = Number(varint())
    const [number, wireType] = [Math.floor(key / 8), key % 8]
    if (number === 0) throw new MalformedMessage('a field in it has the number 0')
    if (wireType === LENGTH_DELIMITED) fields.set(number, take(Number(varint())))
    else if (wireType === VARINT) varint()
    else if (wireType === FIXED_64) take(8)
    else if (wireType === FIXED_32) take(4)
    else throw new MalformedMessage(`a field in it has the unknown wire type ${wireType}`)
  }
  return fields
}

/** Empty where there is none, as of any field (proto3). */
export function bytesField(fields: Fields, number: number): Buffer {
  return fields.get(number) ?? Buffer.alloc(0)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws {MalformedMessage} */
export function stringField(fields: Fields, number: number): string {
  try {
    return utf8.decode(bytesField(fields, number))
  } catch (cause) {
    throw new MalformedMessage('a text in it is not UTF-8', { cause })
  }
}

/** @param fields by number, in their order */
export function writeFields(fields: Readonly<Record<number, Buffer | string>>): Buffer {
  const parts = Object.entries(fields).flatMap(([number, value]) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    const key = Number(number) * 8 + LENGTH_DELIMITED
    return bytes.length === 0 ? [] : [varintOf(key), varintOf(bytes.length), bytes]
  })
  return Buffer.concat(parts)
}

function varintOf(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}
