import { type Fault, quoted } from './fault.ts'
import { findZipDirectory, IN_ZIP64, readUint64 } from './zip-end.ts'

/**
 * What a zip says about its entries. The layout is that of PKWARE's "APPNOTE.TXT - .ZIP File Format Specification" 6.3.10;
 * section numbers below are of that document. Everything is little-endian.
 *
 * A zip states most things twice, in the central directory and before each entry, and programs that believe different halves
 * see different files. Here both must agree, and each byte belongs to one entry at most.
 */
export interface ZipEntry {
  readonly name: string
  readonly deflated: boolean
  readonly crc32: number
  /** Bytes of the entry once inflated, as declared. */
  readonly size: number
  /** Where the entry's header begins, and its bytes: [start, end). */
  readonly headerAt: number
  readonly start: number
  readonly end: number
}

const CENTRAL = { signature: 0x02014b50, bytes: 46 } // 4.3.12
const LOCAL = { signature: 0x04034b50, bytes: 30 } // 4.3.7
const ZIP64_EXTRA = 1 // 4.5.3

const ENCRYPTED = 1 << 0
/** CRC and sizes follow the data, because the writer could not go back; the central directory has them. */
const DESCRIPTOR = 1 << 3
/** Bits 1 and 2 tell how hard the compressor tried, bit 11 that the name is UTF-8. The others change what the bytes mean. */
const KNOWN_FLAGS = (1 << 1) | (1 << 2) | DESCRIPTOR | (1 << 11)
const STORED = 0
const DEFLATED = 8

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the central directory of a zip and finds each entry's bytes, without looking at these.
 *
 * @param view the whole file
 * @param maxEntries more entries than this are refused before they are read
 * @returns the entries in the directory's order, names unique, ranges disjoint
 * @throws what `fault` makes, for anything that is not a whole, unencrypted, unambiguous zip of stored and deflated entries
 */
export function readZipDirectory(view: DataView, maxEntries: number, fault: Fault): ZipEntry[] {
  const { count, start, end } = findZipDirectory(view, fault)
  if (count > maxEntries) throw fault(`the zip has ${count} entries; at most ${maxEntries} are read`)
  const entries: ZipEntry[] = []
  const names = new Set<string>()
  let at = start
  for (let n = 1; n <= count; n++) {
    const where = `entry ${n} of ${count}, at byte ${at}`
    if (at + CENTRAL.bytes > end || view.getUint32(at, true) !== CENTRAL.signature) {
      throw fault(`${where}: expected a central directory header`)
    }
    const central = readHeader(view, at + 6, at + CENTRAL.bytes, end, where, fault)
    const next = central.end + view.getUint16(at + 32, true)
    if (next > end) throw fault(`${where}: the comment runs past the central directory`)
    if (names.has(central.name)) throw fault(`two entries are called ${quoted(central.name)}`)
    names.add(central.name)
    entries.push(locate(view, at, central, start, fault))
    at = next
  }
  if (at !== end) throw fault(`the central directory has ${end - at} bytes after its last entry`)
  refuseOverlaps(entries, fault)
  return entries
}

interface Header {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc32: number
  readonly compressedSize: number
  readonly size: number
  /** Values of the zip64 extra field that the sizes did not take. */
  readonly zip64: readonly number[]
  /** Where the extra fields end. */
  readonly end: number
}

/** The fields that a local and a central header share, in the same order: from "version needed" at `at` to the extra fields. */
function readHeader(view: DataView, at: number, nameAt: number, limit: number, where: string, fault: Fault): Header {
  const extraAt = nameAt + view.getUint16(at + 22, true)
  const end = extraAt + view.getUint16(at + 24, true)
  if (end > limit) throw fault(`${where}: the name and extra fields end at byte ${end}, past byte ${limit}`)
  let name: string
  try {
    // The specification's other charset, code page 437, has no writer among those of array files.
    name = utf8.decode(new Uint8Array(view.buffer, view.byteOffset + nameAt, extraAt - nameAt))
  } catch {
    throw fault(`${where}: the name is not UTF-8`)
  }
  const zip64 = readZip64Extra(view, extraAt, end, where, fault)
  const sized = (short: number): number => {
    if (short !== IN_ZIP64) return short
    const long = zip64.shift()
    if (long === undefined) throw fault(`${where}: the zip64 field with the sizes is missing`)
    return long
  }
  const flags = view.getUint16(at + 2, true)
  const method = view.getUint16(at + 4, true)
  const size = sized(view.getUint32(at + 18, true)) // zip64 has the inflated size first, these headers have it second
  const compressedSize = sized(view.getUint32(at + 14, true))
  return { name, flags, method, crc32: view.getUint32(at + 10, true), compressedSize, size, zip64, end }
}

function readZip64Extra(view: DataView, start: number, end: number, where: string, fault: Fault): number[] {
  const values: number[] = []
  let next: number
  for (let at = start; at + 4 <= end; at = next) {
    next = at + 4 + view.getUint16(at + 2, true)
    if (next > end) throw fault(`${where}: the extra field at byte ${at} runs past the others' end, byte ${end}`)
    if (view.getUint16(at, true) !== ZIP64_EXTRA) continue
    for (let value = at + 4; value + 8 <= next; value += 8) values.push(readUint64(view, value))
  }
  return values
}

/** Follows a central header to the local one, compares the two, and gives the bytes between that one and the next thing. */
function locate(view: DataView, centralAt: number, central: Header, limit: number, fault: Fault): ZipEntry {
  const { name, flags, method, crc32, compressedSize, size } = central
  const where = `entry ${quoted(name)}`
  if ((flags & ENCRYPTED) !== 0) throw fault(`${where} is encrypted`)
  if ((flags & ~KNOWN_FLAGS) !== 0)
    throw fault(`${where} needs features that are not read here (flags 0x${flags.toString(16)})`)
  if (method !== STORED && method !== DEFLATED) {
    throw fault(`${where} has compression method ${method}; only 0 (stored) and 8 (deflated) are read`)
  }
  if (method === STORED && size !== compressedSize) {
    throw fault(`${where} is stored, but declares ${size} bytes in ${compressedSize}`)
  }
  if (view.getUint16(centralAt + 34, true) !== 0) throw fault(`${where} lies in another part of a split zip`)
  const shortOffset = view.getUint32(centralAt + 42, true)
  const at = shortOffset === IN_ZIP64 ? (central.zip64[0] ?? shortOffset) : shortOffset
  if (at + LOCAL.bytes > limit || view.getUint32(at, true) !== LOCAL.signature) {
    throw fault(`${where}: expected its header at byte ${at}`)
  }
  const local = readHeader(view, at + 4, at + LOCAL.bytes, limit, where, fault)
  const sizesAgree = local.crc32 === crc32 && local.compressedSize === compressedSize && local.size === size
  if (
    local.name !== name ||
    local.flags !== flags ||
    local.method !== method ||
    !(sizesAgree || (flags & DESCRIPTOR) !== 0)
  ) {
    throw fault(`${where}: its header at byte ${at} and the central directory do not agree`)
  }
  const end = local.end + compressedSize
  if (end > limit) throw fault(`${where} should end at byte ${end}, but the zip directory begins at byte ${limit}`)
  return { name, deflated: method === DEFLATED, crc32, size, headerAt: at, start: local.end, end }
}

/** Small files inflate to petabytes when entries share their bytes (Fifield, "A better zip bomb", WOOT 2019). */
function refuseOverlaps(entries: readonly ZipEntry[], fault: Fault): void {
  const inOrder = entries.toSorted((a, b) => a.headerAt - b.headerAt)
  for (let i = 1; i < inOrder.length; i++) {
    const [before, after] = [inOrder[i - 1], inOrder[i]]
    if (before.end > after.headerAt) throw fault(`entries ${quoted(before.name)} and ${quoted(after.name)} share bytes`)
  }
}
