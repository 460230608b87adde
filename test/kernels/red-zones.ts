/**
 * With the sanitizers' build of the native kernel (.ci/run has it made) its code may touch the pieces of the heap that
 * are in use and nothing else: not the line before a piece, nor the rest of its last line, nor a piece given back.
 */
import { SharedHeap } from '../../src/kernels/memory.ts'
import { loadAddon } from '../../src/kernels/native/binary.ts'

const LINE_BYTES = 64 // of header before each piece; a piece's bytes are rounded up to lines

export function sanitizerGuard() {
  try {
    return loadAddon().guard
  } catch {
    return undefined
  }
}

export function guardPieces(): void {
  const guard = sanitizerGuard()
  if (guard === undefined) return
  const { allocate, release } = SharedHeap.prototype
  SharedHeap.prototype.allocate = function (length) {
    const piece = allocate.call(this, length)
    const memory = new Uint8Array(piece.buffer, 0, LINE_BYTES)
    const { byteOffset: at, byteLength: bytes } = piece
    guard(memory, at - LINE_BYTES, LINE_BYTES, 1)
    guard(memory, at, Math.ceil(bytes / LINE_BYTES) * LINE_BYTES, 1)
    guard(memory, at, bytes, 0)
    return piece
  }
  SharedHeap.prototype.release = function (piece) {
    release.call(this, piece)
    guard(new Uint8Array(piece.buffer, 0, LINE_BYTES), piece.byteOffset, piece.byteLength, 1)
  }
}
