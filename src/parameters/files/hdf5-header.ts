import type { Hdf5Bytes } from './hdf5-bytes.ts'

/** The kinds of messages that are looked at. */
export const message = {
  DATASPACE: 0x01,
  LINK_INFO: 0x02,
  DATATYPE: 0x03,
  LINK: 0x06,
  EXTERNAL_FILES: 0x07,
  LAYOUT: 0x08,
  FILTERS: 0x0b,
  ATTRIBUTE: 0x0c,
  CONTINUATION: 0x10,
  SYMBOL_TABLE: 0x11,
  ATTRIBUTE_INFO: 0x15
} as const

/** A message of an object header: its bytes are [start, end). */
export interface Message {
  readonly type: number
  readonly start: number
  readonly end: number
}

const MAX_MESSAGES = 100_000
const SHARED = 1 << 1

/**
 * The messages of the object header at an address, versions 1 and 2.
 * Source: "HDF5 File Format Specification Version 3.0", IV.A.
 */
export function readObjectHeader(file: Hdf5Bytes, at: number): Message[] {
  file.block(at, 16, 'an object header')
  return file.u8(at) === 1 ? readVersion1(file, at) : readVersion2(file, at)
}

function readVersion1(file: Hdf5Bytes, at: number): Message[] {
  const messages: Message[] = []
  const blocks = [[at + 16, file.u32(at + 8)]]
  for (let next = blocks.shift(); next !== undefined; next = blocks.shift()) {
    const [start, length] = next
    const end = file.block(start, length, 'the messages of an object') + length
    for (let here = start; here + 8 <= end; ) {
      const type = file.u16(here)
      const data = here + 8
      here = data + file.u16(here + 2)
      if (here > end) throw file.fault(`the message at byte ${data - 8} runs past its block`)
      if (type === message.CONTINUATION) blocks.push([file.u64(data), file.u64(data + 8)])
      else add(file, messages, type, file.u8(data - 4), data, here)
    }
  }
  return messages
}

function readVersion2(file: Hdf5Bytes, at: number): Message[] {
  file.signed(at, 7, 'OHDR', 'an object header')
  const flags = file.u8(at + 5)
  const sizeAt = at + 6 + ((flags & 0x20) !== 0 ? 16 : 0) + ((flags & 0x10) !== 0 ? 4 : 0)
  const sizeBytes = 1 << (flags & 3)
  const headerBytes = (flags & 4) !== 0 ? 6 : 4
  const messages: Message[] = []
  const blocks = [[sizeAt + sizeBytes, file.sized(sizeAt, sizeBytes)]]
  for (let next = blocks.shift(); next !== undefined; next = blocks.shift()) {
    const [start, length] = next
    const end = file.block(start, length, 'the messages of an object') + length
    for (let here = start; here + headerBytes <= end; ) {
      const type = file.u8(here)
      const data = here + headerBytes
      const messageFlags = file.u8(here + 3)
      here = data + file.u16(here + 1)
      if (here > end) throw file.fault(`the message at byte ${data - headerBytes} runs past its block`)
      if (type === message.CONTINUATION) {
        const chunk = file.signed(file.u64(data), file.u64(data + 8), 'OCHK', 'the rest of an object header')
        blocks.push([chunk + 4, file.u64(data + 8) - 8])
      } else {
        add(file, messages, type, messageFlags, data, here)
      }
    }
  }
  return messages
}

function add(file: Hdf5Bytes, messages: Message[], type: number, flags: number, start: number, end: number): void {
  if (messages.length === MAX_MESSAGES) throw file.fault(`an object has more than ${MAX_MESSAGES} messages`)
  const wanted = Object.values(message).includes(type as never)
  if (!wanted) return
  if ((flags & SHARED) !== 0)
    throw file.fault(`the message at byte ${start} is shared with other objects; such are not read`)
  messages.push({ type, start, end })
}
