/**
 * Input shapes: from parsed JSON to typed values, with AWS's words for everything that does not fit.
 *
 * Two kinds of failure (operations.md 1.5 and 1.7): a value of the wrong JSON type is a `SerializationException` at once;
 * values of the right type that break a constraint are collected and reported together as one `ValidationException`.
 */
import { Base64Error, decodeBase64 } from './base64.ts'
import { KmsError } from './errors.ts'
import { VALIDATION_ERRORS_MAX } from './limits.ts'
import type { QueryNode, QueryTree } from './query-tree.ts'

/** Reads one value; pushes each constraint that it breaks, throws for a wrong JSON type. */
export interface Shape<T> {
  read(value: unknown, path: string, violations: Violation[]): T
  /**
   * The JSON value that parameters of the query protocol stand for, where it is not their text. What fits nothing stays as
   * it is, for `read` to refuse.
   */
  fromQuery?(node: QueryNode): unknown
  /** The constraints on one value in the words of operations.md 1.7, for the elements of a list of scalars. */
  readonly rules?: readonly Rule[]
  /** Messages say nothing of the value, not even that there is none. */
  readonly isSensitive?: boolean
}

export interface OptionalShape<T> {
  readonly optional: Shape<T>
}

export type Members = Readonly<Record<string, Shape<unknown> | OptionalShape<unknown>>>

type RequiredNames<M extends Members> = { [K in keyof M]: M[K] extends Shape<unknown> ? K : never }[keyof M]

/** The value that a structure with these members reads. */
export type StructureValue<M extends Members> = {
  readonly [K in RequiredNames<M>]: M[K] extends Shape<infer T> ? T : never
} & {
  readonly [K in Exclude<keyof M, RequiredNames<M>>]?: M[K] extends OptionalShape<infer T> ? T : never
}

export interface Structure<T> extends Shape<T> {
  /** Wire names, in the model's order. */
  readonly memberNames: readonly string[]
  fromQuery(node: QueryNode): unknown
  /**
   * Reads a whole request; throws the one exception that reports every violation.
   * @param showsValues false: the exception names members alone.
   */
  parse(value: unknown, showsValues?: boolean): T
}

export type Infer<S> = S extends Shape<infer T> ? T : never

interface Rule {
  readonly text: string
  /** Where several constraints fail on one member, the pattern comes before the lengths, but for `lengthsFirst`. */
  holds(value: never): boolean
}

const NUMBER_CLASS = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber'

function serializationError(message: string): KmsError {
  return new KmsError('SerializationException', message)
}

function javaClass(value: unknown): string {
  if (typeof value === 'number') return NUMBER_CLASS
  return typeof value === 'boolean' ? 'class java.lang.Boolean' : 'class java.lang.String'
}

/** What parameters of the query protocol stand for that no shape reads; AWS's words say why. */
class Misfit {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const LIST_UNEXPECTED = 'Start of list found where not expected'

/** Containers where a scalar is expected read the same whatever the scalar's type is. */
function refuseContainer(value: unknown): void {
  if (value instanceof Misfit) throw serializationError(value.text)
  if (Array.isArray(value)) throw serializationError(LIST_UNEXPECTED)
  if (typeof value === 'object') throw serializationError('Start of structure or map found where not expected.')
}

/** A constraint that a value breaks. */
interface Violation {
  /** The value; `undefined`: it is nobody's to see. */
  readonly shown: string | undefined
  readonly path: string
  readonly rule: string
  /** The caller sees the value, and the audit record does not. */
  readonly isUnrecorded: boolean
}

function violation(shown: string | undefined, path: string, rule: string, isUnrecorded = false): Violation {
  return { shown, path, rule, isUnrecorded }
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return { optional: shape }
}

export interface StringRules {
  readonly min?: number
  readonly max?: number
  /** As the model prints it; it must match the whole value. */
  readonly pattern?: string
  /** The value must not show in messages. */
  readonly sensitive?: boolean
  /** The value shows in messages, and not in audit records. */
  readonly unrecorded?: boolean
  /** Who breaks the pattern as well as a length reads of the length first. */
  readonly lengthsFirst?: boolean
}

interface Measured {
  readonly length: number
}

function lengthRules(min: number | undefined, max: number | undefined): Rule[] {
  const rules: Rule[] = []
  if (max !== undefined) {
    rules.push({ text: `have length less than or equal to ${max}`, holds: (value: Measured) => value.length <= max })
  }
  if (min !== undefined && min > 0) {
    rules.push({ text: `have length greater than or equal to ${min}`, holds: (value: Measured) => value.length >= min })
  }
  return rules
}

/** Length in UTF-16 units, as AWS counts. */
export function string(constraints: StringRules = {}): Shape<string> {
  const { min, max, pattern, sensitive, unrecorded, lengthsFirst = false } = constraints
  const lengths = lengthRules(min, max)
  const anchored = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, 'u')
  const patterns: Rule[] =
    anchored === undefined
      ? []
      : [{ text: `satisfy regular expression pattern: ${pattern}`, holds: (value: string) => anchored.test(value) }]
  const rules = lengthsFirst ? [...lengths, ...patterns] : [...patterns, ...lengths]
  return {
    rules: [...lengths, ...patterns],
    read(value, path, violations) {
      if (typeof value !== 'string') {
        refuseContainer(value)
        throw serializationError(`${javaClass(value)} can not be converted to an String`)
      }
      // A lone surrogate has no UTF-8 form, so it could be neither stored nor authenticated (lifecycle.md ENV-12).
      if (!value.isWellFormed()) {
        violations.push(violation(undefined, path, 'be well-formed Unicode'))
        return value
      }
      for (const rule of rules) {
        if (!rule.holds(value as never))
          violations.push(violation(sensitive ? undefined : `'${value}'`, path, rule.text, unrecorded))
      }
      return value
    },
  }
}

export interface BlobRules {
  readonly sensitive?: boolean
}

/** Decoded length from `min` to `max` bytes. Messages show no bytes, as recorded. */
export function blob(min: number, max: number, { sensitive = false }: BlobRules = {}): Shape<Buffer> {
  const rules = lengthRules(min, max)
  return {
    isSensitive: sensitive,
    read(value, path, violations) {
      if (typeof value !== 'string') {
        refuseContainer(value)
        throw serializationError(`${javaClass(value)} can not be converted to a Blob`)
      }
      const bytes = decodeBlob(value)
      for (const rule of rules) {
        if (!rule.holds(bytes as never)) violations.push(violation(undefined, path, rule.text))
      }
      return bytes
    },
  }
}

function decodeBlob(text: string): Buffer {
  try {
    return decodeBase64(text)
  } catch (error) {
    if (!(error instanceof Base64Error)) throw error
    // AWS echoes the text. Messages get into logs and the audit log, where no plaintext, ciphertext, signature, MAC or
    // public key may be (audit.md section 3), and a slip in its spelling makes it nothing else.
    throw serializationError(`can not be converted to a Blob: ${error.message}`)
  }
}

/** Those of 32 bits, with a sign or with zeros in front: as recorded. */
function queryInteger(node: QueryNode): unknown {
  const value = typeof node === 'string' && /^[+-]?\d{1,15}$/.test(node) ? Number(node) : undefined
  return value !== undefined && value === (value | 0) ? value : node
}

export function integer(min: number, max: number): Shape<number> {
  const rules: Rule[] = [
    { text: `have value less than or equal to ${max}`, holds: (value: number) => value <= max },
    { text: `have value greater than or equal to ${min}`, holds: (value: number) => value >= min },
  ]
  return {
    fromQuery: queryInteger,
    read(value, path, violations) {
      if (typeof value !== 'number') {
        refuseContainer(value)
        throw serializationError(`${javaClass(value)} can not be converted to an Integer`)
      }
      const whole = Math.trunc(value)
      for (const rule of rules) {
        if (!rule.holds(whole as never)) violations.push(violation(`'${whole}'`, path, rule.text))
      }
      return whole
    },
  }
}

const BOOLEAN_TEXTS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
])

function notBoolean(text: string): string {
  return `'${text.toUpperCase()}' can not be converted to an Boolean`
}

const QUERY_BOOLEANS: ReadonlyMap<QueryNode, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** In fewer spellings than in JSON, and none in upper case: as recorded. */
function queryBoolean(node: QueryNode): unknown {
  return QUERY_BOOLEANS.get(node) ?? (typeof node === 'string' ? new Misfit(notBoolean(node)) : node)
}

export function boolean(): Shape<boolean> {
  return {
    fromQuery: queryBoolean,
    read(value) {
      if (typeof value === 'boolean') return value
      refuseContainer(value)
      if (typeof value === 'string') {
        const converted = BOOLEAN_TEXTS.get(value.toLowerCase())
        if (converted !== undefined) return converted
        throw serializationError(notBoolean(value))
      }
      throw serializationError(`${javaClass(value)} can not be converted to an Boolean`)
    },
  }
}

/** Seconds since the epoch on the wire, milliseconds here. */
export function timestamp(): Shape<number> {
  return {
    read(value) {
      if (typeof value === 'number') return Math.round(value * 1000)
      refuseContainer(value)
      throw serializationError(`${javaClass(value)} can not be converted to milliseconds since epoch`)
    },
  }
}

/**
 * One of `values`, given in the model's order.
 * @param printed the order in messages, where it does not follow the rule of operations.md 1.8.
 */
export function enumeration<const V extends readonly string[]>(
  values: V,
  printed?: readonly string[],
): Shape<V[number]> {
  const known: ReadonlySet<string> = new Set(values)
  const text = `satisfy enum value set: [${(printed ?? hashSetOrder(values)).join(', ')}]`
  const rule: Rule = { text, holds: (value: string) => known.has(value) }
  const plain = string()
  return {
    rules: [rule],
    read(value, path, violations) {
      const read = plain.read(value, path, violations)
      if (!known.has(read)) violations.push(violation(`'${read}'`, path, text))
      return read as V[number]
    },
  }
}

/** The order of a 32-bucket Java hash set; inside one bucket the later declared comes first (operations.md 1.8). */
function hashSetOrder(values: readonly string[]): string[] {
  const bucket = (value: string) => {
    let hash = 0
    for (let index = 0; index < value.length; index++) hash = (Math.imul(hash, 31) + value.charCodeAt(index)) | 0
    // Java's HashMap mixes the high half into the low bits only when spreading; the recorded lists fit the plain code.
    return hash & 31
  }
  return values.toReversed().sort((left, right) => bucket(left) - bucket(right))
}

export interface ListRules {
  readonly min?: number
  readonly max?: number
  /** The elements show in messages, and not in audit records. */
  readonly unrecorded?: boolean
}

export function list<T>(element: Shape<T>, { min, max, unrecorded }: ListRules = {}): Shape<readonly T[]> {
  const rules = lengthRules(min, max)
  return {
    fromQuery: (node) => queryList(node, element),
    read(value, path, violations) {
      if (!Array.isArray(value)) {
        if (typeof value === 'object') refuseContainer(value)
        throw serializationError('Expected list or null')
      }
      for (const rule of rules) {
        if (!rule.holds(value as never)) violations.push(violation(showList(value), path, rule.text, unrecorded))
      }
      return element.rules === undefined
        ? value.map((item, index) => readItem(element, item, `${path}.${index + 1}.member`, violations))
        : readScalars(element, value, path, violations, unrecorded)
    },
  }
}

/** How many places a list may leave out: no index costs more than a short one. */
const QUERY_GAP_MAX = 10

/** `<list>.member.1`, `<list>.member.2`, … with AWS's rules for indices, as recorded. An empty list is an empty text. */
function queryList(node: QueryNode, element: Shape<unknown>): unknown {
  if (node === '') return []
  const members = typeof node === 'string' || node.size !== 1 ? undefined : node.get('member')
  if (members === undefined || typeof members === 'string') return node
  const isOfScalars = element.rules !== undefined
  const items = queryItems(members, isOfScalars)
  if (items instanceof Misfit) return items
  // What is left out is a structure without members, or no text.
  return Array.from(items, (item = isOfScalars ? undefined : new Map()) =>
    item === undefined ? null : (element.fromQuery?.(item) ?? item),
  )
}

function queryItems(members: QueryTree, isOfScalars: boolean): (QueryNode | undefined)[] | Misfit {
  const names = [...members.keys()]
  const negative = names.find((name) => name.startsWith('-'))
  if (negative !== undefined) return new Misfit(`Key ${negative} may not have a leading '-'`)
  if (!names.every((name) => /^\d+$/.test(name))) return isOfScalars ? new Misfit(LIST_UNEXPECTED) : [members]
  const items: (QueryNode | undefined)[] = []
  for (const [name, item] of [...members].sort(([left], [right]) => Number(left) - Number(right))) {
    const index = Number(name) - 1
    if (index === -1) return new Misfit('0 is not a valid index')
    const skipped = index - Math.max(0, items.length - 1)
    if (skipped > QUERY_GAP_MAX) return new Misfit(`Excessively sparse input would skip ${skipped} list elements`)
    if (typeof item !== 'string' && [...item.keys()].some((key) => /^\d+$/.test(key))) {
      return new Misfit('Two index elements may not occur back to back')
    }
    const whole = withOther(items[index], item)
    if (whole === undefined) return new Misfit(LIST_UNEXPECTED)
    items[index] = whole
  }
  return items
}

/** Members under `1` and `01` are of one element; `undefined`: there is a text under both. */
function withOther(known: QueryNode | undefined, item: QueryNode): QueryNode | undefined {
  if (known === undefined) return item
  return typeof known === 'string' || typeof item === 'string' ? undefined : new Map([...known, ...item])
}

function readItem<T>(element: Shape<T>, item: unknown, path: string, violations: Violation[]): T {
  if (item === null) {
    violations.push(violation('null', path, 'not be null'))
    return undefined as T
  }
  return element.read(item, path, violations)
}

/** A list of scalars reports its bad elements once, on the list itself, with all the element's rules. */
function readScalars<T>(
  element: Shape<T>,
  items: unknown[],
  path: string,
  violations: Violation[],
  isUnrecorded: boolean | undefined,
): T[] {
  const broken: Violation[] = []
  const read = items.map((item) => readItem(element, item, path, broken))
  if (broken.length > 0) {
    const inner = element.rules!.map((rule) => `Member must ${rule.text}`).join(', ')
    violations.push(violation(showList(items), path, `satisfy constraint: [${inner}]`, isUnrecorded))
  }
  return read
}

/** As Java prints a list; structures are not shown. */
function showList(items: readonly unknown[]): string {
  return `'[${items.map((item) => (typeof item === 'object' && item !== null ? '{}' : String(item))).join(', ')}]'`
}

/** String to string, no modelled constraints (encryption contexts). */
export function stringMap(): Shape<Readonly<Record<string, string>>> {
  const text = string({ sensitive: true })
  return {
    read(value, path, violations) {
      if (typeof value !== 'object' || value === null) throw serializationError('Expected map or null')
      if (Array.isArray(value)) refuseContainer(value)
      // No prototype: a pair may be called __proto__ or toString.
      const pairs: Record<string, string> = Object.create(null)
      for (const [name, content] of Object.entries(value)) {
        text.read(name, path, violations)
        pairs[name] = readItem(text, content, path, violations)
      }
      return pairs
    },
  }
}

export function structure<const M extends Members>(members: M): Structure<StructureValue<M>> {
  const table = Object.entries(members).map(([name, member]) => ({
    name,
    path: lowerFirst(name),
    shape: 'optional' in member ? member.optional : member,
    required: !('optional' in member),
  }))

  function read(value: unknown, path: string, violations: Violation[]): StructureValue<M> {
    if (typeof value !== 'object') throw serializationError('Expected null')
    if (Array.isArray(value)) throw serializationError(LIST_UNEXPECTED)
    const prefix = path === '' ? '' : `${path}.`
    const input = value as Record<string, unknown>
    const output: Record<string, unknown> = {}
    for (const member of table) {
      const given = input[member.name]
      if (given !== undefined && given !== null) {
        output[member.name] = member.shape.read(given, prefix + member.path, violations)
      } else if (member.required) {
        violations.push(violation(member.shape.isSensitive ? undefined : 'null', prefix + member.path, 'not be null'))
      }
    }
    return output as StructureValue<M>
  }

  function fromQuery(node: QueryNode): unknown {
    if (typeof node === 'string') return node === '' ? {} : node
    const given = table.flatMap(({ name, shape }) => {
      const member = node.get(name)
      return member === undefined ? [] : [[name, shape.fromQuery?.(member) ?? member]]
    })
    return Object.fromEntries(given)
  }

  return {
    memberNames: table.map(({ name }) => name),
    fromQuery,
    read,
    parse(value, showsValues = true) {
      const violations: Violation[] = []
      const parsed = read(value, '', violations)
      if (violations.length > 0) throw violationsError(violations, showsValues)
      return parsed
    },
  }
}

function violationsError(violations: readonly Violation[], showsValues: boolean): KmsError {
  const reported = violations.slice(0, VALIDATION_ERRORS_MAX)
  const noun = reported.length === 1 ? 'validation error' : 'validation errors'
  const textThat = (shows: (violation: Violation) => boolean) =>
    `${reported.length} ${noun} detected: ${reported.map((it) => sentence(it, shows(it))).join('; ')}`
  const recordedText = textThat(({ isUnrecorded }) => showsValues && !isUnrecorded)
  return new KmsError(
    'ValidationException',
    textThat(() => showsValues),
    { recordedText },
  )
}

function sentence({ shown, path, rule }: Violation, showsValue: boolean): string {
  const value = showsValue && shown !== undefined ? `Value ${shown}` : 'Value'
  return `${value} at '${path}' failed to satisfy constraint: Member must ${rule}`
}
