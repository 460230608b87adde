import { quoted } from './fault.ts'
import type { Hdf5Bytes } from './hdf5-bytes.ts'
import { type Message, message } from './hdf5-header.ts'

/** Far beyond the levels that the names of any file need. */
const MAX_LEVELS = 16
const SYMBOLIC_LINK = 2
const ENTRY_BYTES = 40

/** The members of a group: name → address of the object header; undefined where the object is no group. */
export function readGroup(file: Hdf5Bytes, messages: readonly Message[]): Map<string, number> | undefined {
  const members = new Map<string, number>()
  let isGroup = false
  for (const { type, start } of messages) {
    if (type === message.SYMBOL_TABLE) {
      isGroup = true
      readTree(file, file.u64(start), readHeap(file, file.u64(start + 8)), MAX_LEVELS, members)
    } else if (type === message.LINK) {
      isGroup = true
      readLink(file, start, members)
    } else if (type === message.LINK_INFO) {
      isGroup = true
      if (!file.isUndefined(start + 2 + ((file.u8(start + 1) & 1) !== 0 ? 8 : 0))) {
        throw file.fault('a group keeps its members in a heap, which is not read; write with libver="earliest"')
      }
    }
  }
  return isGroup ? members : undefined
}

interface Heap {
  readonly start: number
  readonly end: number
}

/** Where the names of a group lie. Source: "HDF5 File Format Specification Version 3.0", III.D. */
function readHeap(file: Hdf5Bytes, at: number): Heap {
  file.signed(at, 32, 'HEAP', 'the names of a group')
  const start = file.u64(at + 24)
  const length = file.u64(at + 8)
  return { start: file.block(start, length, 'the names of a group'), end: start + length }
}

/** A B-tree of version 1 whose leaves are symbol tables. Source: III.A.1 and III.C. */
function readTree(file: Hdf5Bytes, at: number, heap: Heap, levels: number, members: Map<string, number>): void {
  file.signed(at, 24, 'TREE', 'the index of a group')
  const level = file.u8(at + 5)
  const count = file.u16(at + 6)
  if (file.u8(at + 4) !== 0 || level >= levels) throw file.fault(`the index of a group at byte ${at} is none`)
  file.block(at, 24 + 16 * count + 8, 'the index of a group')
  for (let i = 0; i < count; i++) {
    const child = file.u64(at + 24 + 16 * i + 8)
    if (level > 0) readTree(file, child, heap, level, members)
    else readSymbols(file, child, heap, members)
  }
}

function readSymbols(file: Hdf5Bytes, at: number, heap: Heap, members: Map<string, number>): void {
  file.signed(at, 8, 'SNOD', 'the members of a group')
  const count = file.u16(at + 6)
  file.block(at, 8 + ENTRY_BYTES * count, 'the members of a group')
  for (let entry = at + 8; entry < at + 8 + ENTRY_BYTES * count; entry += ENTRY_BYTES) {
    const nameAt = heap.start + file.u64(entry)
    if (nameAt >= heap.end)
      throw file.fault(`the name of the member at byte ${entry} lies outside of its group's names`)
    const name = file.text(nameAt, Math.min(heap.end, nameAt + 4096), 'the name of a member')
    if (file.u32(entry + 16) === SYMBOLIC_LINK)
      throw file.fault(`${quoted(name)} is a symbolic link; such are not followed`)
    addMember(file, members, name, file.u64(entry + 8))
  }
}

/** A link that lies in the object header itself. Source: IV.A.2.g. */
function readLink(file: Hdf5Bytes, at: number, members: Map<string, number>): void {
  const flags = file.u8(at + 1)
  const hasType = (flags & 8) !== 0
  const type = hasType ? file.u8(at + 2) : 0
  const lengthAt = at + 2 + (hasType ? 1 : 0) + ((flags & 4) !== 0 ? 8 : 0) + ((flags & 16) !== 0 ? 1 : 0)
  const lengthBytes = 1 << (flags & 3)
  const nameAt = lengthAt + lengthBytes
  const end = nameAt + file.sized(lengthAt, lengthBytes)
  const name = file.text(nameAt, end, 'the name of a link')
  if (type !== 0) throw file.fault(`${quoted(name)} is a link out of its place; such are not followed`)
  addMember(file, members, name, file.u64(end))
}

function addMember(file: Hdf5Bytes, members: Map<string, number>, name: string, address: number): void {
  if (members.has(name)) throw file.fault(`a group has two members ${quoted(name)}`)
  members.set(name, address)
}
