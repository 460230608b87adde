import type { Hdf5Bytes } from './hdf5-bytes.ts'
import { type Message, message } from './hdf5-header.ts'
import { readDataspace, readDatatype } from './hdf5-types.ts'

const MAX_STRINGS = 100_000
/** All strings of an attribute together: they may all be the same one in the file. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024

/**
 * The strings of an attribute; undefined where the object has none of this name, or it holds no strings.
 * Source: "HDF5 File Format Specification Version 3.0", IV.A.2.m.
 */
export function readStrings(file: Hdf5Bytes, messages: readonly Message[], name: string): string[] | undefined {
  for (const { type, start, end } of messages) {
    if (type === message.ATTRIBUTE_INFO && !file.isUndefined(start + 2 + ((file.u8(start + 1) & 1) !== 0 ? 2 : 0))) {
      throw file.fault(`an object keeps its attributes in a heap, which is not read; write with libver="earliest"`)
    }
    if (type !== message.ATTRIBUTE) continue
    const version = file.u8(start)
    if (version < 1 || version > 3) throw file.fault(`the attribute at byte ${start} has version ${version}`)
    const padded = (length: number): number => (version === 1 ? Math.ceil(length / 8) * 8 : length)
    const nameAt = start + (version === 3 ? 9 : 8)
    const datatypeAt = nameAt + padded(file.u16(start + 2))
    const dataspaceAt = datatypeAt + padded(file.u16(start + 4))
    const dataAt = dataspaceAt + padded(file.u16(start + 6))
    if (dataAt > end) throw file.fault(`the attribute at byte ${start} runs past its message`)
    if (file.text(nameAt, nameAt + file.u16(start + 2), 'the name of an attribute') !== name) continue
    const datatype = readDatatype(file, datatypeAt)
    const count = readDataspace(file, dataspaceAt).reduce((product, length) => product * length, 1)
    if (datatype.kind !== 'text' && datatype.kind !== 'variable text') return count === 0 ? [] : undefined
    const { bytes } = datatype
    if (count > MAX_STRINGS) throw file.fault(`attribute ${name} has ${count} strings; at most ${MAX_STRINGS} are read`)
    if (dataAt + count * bytes > end) throw file.fault(`the values of attribute ${name} run past its message`)
    const read = datatype.kind === 'text' ? fixed : variable
    const strings: string[] = []
    let total = 0
    for (let i = 0; i < count; i++) {
      strings.push(read(file, dataAt + i * bytes, bytes))
      total += strings[i].length
      if (total > MAX_TEXT_BYTES) throw file.fault(`attribute ${name} is longer than ${MAX_TEXT_BYTES} bytes`)
    }
    return strings
  }
  return undefined
}

const fixed = (file: Hdf5Bytes, at: number, bytes: number): string => file.text(at, at + bytes, 'a string')

/** A length, and the text as an object of a global heap. Source: III.E. */
function variable(file: Hdf5Bytes, at: number): string {
  const length = file.u32(at)
  const heap = file.u64(at + 4)
  const wanted = file.u32(at + 12)
  if (length === 0) return ''
  file.signed(heap, 16, 'GCOL', 'a heap of strings')
  const end = heap + file.u64(heap + 8)
  file.block(heap, end - heap, 'a heap of strings')
  for (let object = heap + 16; object + 16 <= end; ) {
    const index = file.u16(object)
    const size = file.u64(object + 8)
    if (index === wanted) {
      if (length > size || object + 16 + size > end)
        throw file.fault(`string ${wanted} of the heap at byte ${heap} is cut off`)
      return file.text(object + 16, object + 16 + length, 'a string')
    }
    if (index === 0) break
    object = file.block(object, 16, 'a string') + 16 + Math.ceil(size / 8) * 8
  }
  throw file.fault(`the heap at byte ${heap} has no string ${wanted}`)
}
