/**
 * The one memory of the process, and who has which piece of it.
 *
 * A shared WebAssembly.Memory, 4 GiB at most, reserved and not committed: it grows when a request does not fit. All
 * its book-keeping lies in the memory itself, under one lock, so that every thread that was handed the memory can
 * take and give back pieces: a piece taken by one worker may be given back by another.
 *
 * Counted in lines of 64 bytes, so that every number fits an int32. Each block is one line of header, then its lines
 * of payload; blocks lie side by side without gaps. Free neighbours are joined at once. Free blocks hang in lists by
 * size, eight lists between two powers of two (Masmano et al., TLSF, ECRTS 2004). A request looks at a few blocks of
 * its own list, so that a set takes the place of one of its size; then it takes the head of the next list that has one.
 *
 * A thread that is killed leaves its pieces behind, and perhaps the lock closed and the lists half changed. The lock and
 * each piece therefore say whose they are, and every change is written in an order in which the blocks can still be
 * walked, so that `recover` takes back what belonged to the dead thread and makes the lists anew.
 */
import { LstmError } from '../errors.ts'

const LINE_BYTES = 64
const WORDS = LINE_BYTES / 4
const PAGE_LINES = 65536 / LINE_BYTES
/** 4 GiB and no byte more would be 65536: but a buffer of that length cannot be posted to a thread of Node 20. */
const MAX_PAGES = 65535
const GROWTH_LINES = (16 * 1024 * 1024) / LINE_BYTES
const SMALL_LINES = (4 * 1024 * 1024) / LINE_BYTES
const LOCK_WAIT_MS = 10_000
/** For the thread that looks after the others: it must not wait for a dead one, as only it opens the lock then. */
const OWNERLESS_WAIT_MS = 200
const OWN_LIST_LOOKS = 16

// The first page belongs to the book-keeping; its first line is left alone, so that no piece has address 0.
const FIRST_LINE = PAGE_LINES
const MAGIC = 0x4c53544d
const TOP = 16 // word indexes from here
const MAGIC_WORD = TOP
const TOKEN_WORD = TOP + 1
const LOCK_WORD = TOP + 2
const END_WORD = TOP + 3 // the line behind the last block
const USED_WORD = TOP + 4
const LAST_WORD = TOP + 5 // the last block, 0 when there is none
const LISTS_WORD = TOP + 16
const LISTS = 8 * 27

// A block's header, as words of its first line.
const SIZE = 0 // in lines, header included
const BEFORE = 1 // the line of the block before it in memory, 0 for the first
const STATE = 2
const NEXT = 3 // in the list of free blocks
const PREVIOUS = 4 // in the list; 0 says that the head is in the list table
const OWNER = 5 // the thread that a used block goes back from when it dies, 0 for none
const KIND = 6
// Kinds of blocks: of the space for large pieces, which is 0, as new memory is; of a region that was grown for small
// ones; and the first of such a region. Free blocks of different kinds or regions are not joined: a region that had
// become part of the hole beside it would be lost to small pieces, which leave such holes to the next set.
const LARGE = 0
const SMALL = 1
const SMALL_FIRST = 2
const WAITING = 1 // in the word of the lock
const FREE = 0x46524545
const USED = 0x55534544

/** What the lock's word is while a thread is inside and nobody waits. */
const lockOf = (owner: number): number => (owner + 1) << 1

const listOf = (lines: number): number => {
  if (lines < 8) return lines
  const power = 31 - Math.clz32(lines)
  return (power - 2) * 8 + ((lines >>> (power - 3)) & 7)
}

/** The smallest size of the first list in which every block holds `lines`. */
const roundUp = (lines: number): number => {
  if (lines < 8) return lines
  const step = 2 ** (28 - Math.clz32(lines))
  return Math.ceil(lines / step) * step
}

/** Makes the memory, empty. One call a process; other threads get the memory itself, by `workerData`. */
export function createSharedMemory(): WebAssembly.Memory {
  // Where the address space is limited, a smaller reservation may still be had.
  for (let maximum = MAX_PAGES; ; maximum >>= 1) {
    try {
      const memory = new WebAssembly.Memory({ initial: 1, maximum, shared: true })
      const words = new Int32Array(memory.buffer)
      words[TOKEN_WORD] = Math.floor(Math.random() * 2 ** 32)
      words[END_WORD] = FIRST_LINE
      words[MAGIC_WORD] = MAGIC
      return memory
    } catch (error) {
      if (maximum <= 256) throw error
    }
  }
}

export class SharedHeap {
  readonly memory: WebAssembly.Memory
  #words: Int32Array
  readonly #token: number
  readonly #known = new WeakSet<ArrayBufferLike>()
  readonly #owner: number

  /** @param owner number of this thread, for `recover`; 0 when nobody will ask for what it leaves behind */
  constructor(memory: WebAssembly.Memory, owner = 0) {
    this.memory = memory
    this.#owner = owner
    this.#words = new Int32Array(memory.buffer)
    if (this.#words[MAGIC_WORD] !== MAGIC) throw new Error('this memory was not made by createSharedMemory')
    this.#token = this.#words[TOKEN_WORD]
  }

  /** Bytes handed out, headers included. */
  get usedBytes(): number {
    return Atomics.load(this.#words, USED_WORD) * LINE_BYTES
  }

  /** Bytes of the memory so far; it never shrinks. */
  get totalBytes(): number {
    return Atomics.load(this.#words, END_WORD) * LINE_BYTES
  }

  /** `length` floats, at an address divisible by 64, with whatever was there before. Throws when the memory is full. */
  allocate(length: number): Float32Array {
    if (!Number.isInteger(length) || length < 0 || length > 2 ** 30) {
      throw new RangeError(`cannot allocate ${length} floats: expected an integer from 0 to 2^30`)
    }
    const lines = 1 + Math.max(1, Math.ceil((length * 4) / LINE_BYTES))
    const line = this.#locked(() => this.#take(lines))
    return new Float32Array(this.#words.buffer, (line + 1) * LINE_BYTES, length)
  }

  /** Gives a piece back; it must not be touched again. Throws for anything that `allocate` did not hand out. */
  release(piece: Float32Array): void {
    this.check(piece)
    const line = piece.byteOffset / LINE_BYTES - 1
    this.#locked(() => {
      const words = this.#words
      if (!Number.isInteger(line) || line < FIRST_LINE || words[line * WORDS + STATE] !== USED) {
        throw new Error(`address ${piece.byteOffset} is not the beginning of a piece in use`)
      }
      words[USED_WORD] -= words[line * WORDS + SIZE]
      this.#free(line)
    })
  }

  /** Throws unless `piece` lies in this memory, whichever thread's view of it this is. */
  check(piece: Float32Array): void {
    const { buffer } = piece
    if (buffer === this.#words.buffer || this.#known.has(buffer)) return
    // Threads have different buffer objects over the same bytes: the random token tells this memory from others.
    const head = buffer.byteLength >= LINE_BYTES * PAGE_LINES ? new Int32Array(buffer, 0, LISTS_WORD) : undefined
    if (!(buffer instanceof SharedArrayBuffer) || head?.[MAGIC_WORD] !== MAGIC || head[TOKEN_WORD] !== this.#token) {
      throw new Error("this array is not in the kernel's memory: take it from allocate()")
    }
    this.#known.add(buffer)
  }

  #locked<T>(work: () => T): T {
    const words = this.#words
    // 0 free, else whose it is, and 1 more when somebody waits
    const mine = lockOf(this.#owner)
    let deadline = 0
    for (let seen = Atomics.compareExchange(words, LOCK_WORD, 0, mine); seen !== 0; ) {
      deadline ||= Date.now() + (this.#owner === 0 ? OWNERLESS_WAIT_MS : LOCK_WAIT_MS)
      if (Date.now() > deadline) {
        throw new Error("the kernel's memory is locked by a thread that no longer runs: restart the process")
      }
      const waiting = seen | WAITING
      if (seen === waiting || Atomics.compareExchange(words, LOCK_WORD, seen, waiting) === seen) {
        Atomics.wait(words, LOCK_WORD, waiting, 100)
      }
      seen = Atomics.compareExchange(words, LOCK_WORD, 0, mine | WAITING)
    }
    try {
      this.#see(words[END_WORD])
      return work()
    } finally {
      this.#unlock()
    }
  }

  #unlock(): void {
    if ((Atomics.exchange(this.#words, LOCK_WORD, 0) & WAITING) !== 0) Atomics.notify(this.#words, LOCK_WORD, 1)
  }

  /** The piece is no longer its thread's own: it stays when that thread dies. */
  adopt(piece: Float32Array): void {
    this.check(piece)
    const line = piece.byteOffset / LINE_BYTES - 1
    this.#see(line + 1)
    this.#words[line * WORDS + OWNER] = 0
  }

  /**
   * Takes back what a dead thread had, its lock too if it died inside. Nobody may use its pieces any more.
   * @returns false when another thread is inside the lock: to be tried again, not waited for
   */
  recover(owner: number): boolean {
    const words = this.#words
    const inside = (Atomics.load(words, LOCK_WORD) & ~WAITING) === lockOf(owner)
    if (!inside && Atomics.compareExchange(words, LOCK_WORD, 0, lockOf(this.#owner)) !== 0) return false
    try {
      this.memory.grow(0)
      this.#words = new Int32Array(this.memory.buffer)
      this.#rebuild(owner)
    } finally {
      this.#unlock()
    }
    return true
  }

  /** Walks all blocks, frees those of the owner, joins free neighbours and makes the lists anew. */
  #rebuild(owner: number): void {
    const words = this.#words
    const end = (this.memory.buffer.byteLength / LINE_BYTES) | 0
    words[END_WORD] = end
    words.fill(0, LISTS_WORD, LISTS_WORD + LISTS)
    let used = 0
    let last = 0
    let lastFree = false
    for (let line = FIRST_LINE; line < end; ) {
      // memory that was grown and not yet made a block is zeros
      const size = words[line * WORDS + SIZE] || end - line
      const free = words[line * WORDS + STATE] !== USED || (owner !== 0 && words[line * WORDS + OWNER] === owner)
      if (free && lastFree && this.#sameRegion(last, line)) {
        words[last * WORDS + SIZE] += size
      } else {
        words[line * WORDS + SIZE] = size
        words[line * WORDS + BEFORE] = last
        if (free) words[line * WORDS + STATE] = 0
        last = line
        lastFree = free
      }
      if (!free) used += size
      line += size
    }
    words[LAST_WORD] = last
    words[USED_WORD] = used
    for (let line = FIRST_LINE; line < end; line += words[line * WORDS + SIZE]) {
      if (words[line * WORDS + STATE] !== USED) this.#link(line)
    }
  }

  /** Another thread may have grown the memory: `grow(0)` makes this thread's view as long as the memory is. */
  #see(lines: number): void {
    if (this.#words.length >= lines * WORDS) return
    this.memory.grow(0)
    this.#words = new Int32Array(this.memory.buffer)
  }

  #take(lines: number): number {
    // A small piece in the hole that a large set left would keep the next set out of it: rather grow a little.
    const small = lines <= SMALL_LINES
    let line = this.#find(lines, small ? listOf(2 * GROWTH_LINES) : LISTS)
    if (line === 0) line = this.#grow(lines, !small)
    if (line === 0) line = this.#find(lines, LISTS)
    if (line === 0) {
      throw new LstmError('LSTM_ERR_OUT_OF_MEMORY', [lines * LINE_BYTES, this.usedBytes])
    }
    const words = this.#words
    this.#unlink(line)
    const left = words[line * WORDS + SIZE] - lines
    if (left >= 2) {
      this.#setBlock(line + lines, left, line)
      words[line * WORDS + SIZE] = lines
      words[(line + lines) * WORDS + KIND] = words[line * WORDS + KIND] === LARGE ? LARGE : SMALL
      this.#link(line + lines)
    }
    words[line * WORDS + OWNER] = this.#owner
    words[line * WORDS + STATE] = USED
    words[USED_WORD] += words[line * WORDS + SIZE]
    return line
  }

  /** A free block for `lines` from the first `lists` lists, or 0. */
  #find(lines: number, lists: number): number {
    const words = this.#words
    const own = listOf(lines)
    const close = this.#smallestFit(own, lines, OWN_LIST_LOOKS)
    if (close !== 0) return close
    for (let list = listOf(roundUp(lines)); list < lists; list++) {
      if (words[LISTS_WORD + list] !== 0) return words[LISTS_WORD + list]
    }
    return own < lists ? this.#smallestFit(own, lines, Number.POSITIVE_INFINITY) : 0
  }

  #smallestFit(list: number, lines: number, looks: number): number {
    const words = this.#words
    let best = 0
    for (let line = words[LISTS_WORD + list]; line !== 0 && looks > 0; line = words[line * WORDS + NEXT], looks--) {
      const size = words[line * WORDS + SIZE]
      if (size >= lines && (best === 0 || size < words[best * WORDS + SIZE])) best = line
    }
    return best
  }

  /** A new free block at the end for `lines`, joined with the last one when that is free, or 0. */
  #grow(lines: number, join: boolean): number {
    const end = this.#words[END_WORD]
    const last = this.#words[LAST_WORD]
    const joined =
      join && last !== 0 && this.#words[last * WORDS + STATE] === FREE && this.#words[last * WORDS + KIND] === LARGE
    const missing = Math.ceil((lines - (joined ? this.#words[last * WORDS + SIZE] : 0)) / PAGE_LINES)
    const pages = this.#tryGrow(Math.max(missing, GROWTH_LINES / PAGE_LINES)) ?? this.#tryGrow(missing)
    if (pages === undefined) return 0
    this.#see(end + pages * PAGE_LINES)
    this.#words[END_WORD] = end + pages * PAGE_LINES
    this.#setBlock(end, pages * PAGE_LINES, last)
    this.#words[end * WORDS + KIND] = join ? LARGE : SMALL_FIRST
    if (joined) return this.#free(end)
    this.#link(end)
    return end
  }

  #tryGrow(pages: number): number | undefined {
    try {
      this.memory.grow(pages)
      return pages
    } catch {
      return undefined
    }
  }

  /** Joins the block with free neighbours and puts it into its list. Returns where it begins now. */
  #free(line: number): number {
    const words = this.#words
    let first = line
    let size = words[line * WORDS + SIZE]
    const behind = line + size
    if (behind < words[END_WORD] && words[behind * WORDS + STATE] === FREE && this.#sameRegion(line, behind)) {
      this.#unlink(behind)
      size += words[behind * WORDS + SIZE]
    }
    const before = words[line * WORDS + BEFORE]
    if (before !== 0 && words[before * WORDS + STATE] === FREE && this.#sameRegion(before, line)) {
      this.#unlink(before)
      size += words[before * WORDS + SIZE]
      first = before
    }
    words[line * WORDS + STATE] = 0
    this.#setBlock(first, size, words[first * WORDS + BEFORE])
    this.#link(first)
    return first
  }

  /** Whether two neighbours may become one block. */
  #sameRegion(line: number, behind: number): boolean {
    const words = this.#words
    const kind = words[behind * WORDS + KIND]
    return words[line * WORDS + KIND] === LARGE ? kind === LARGE : kind === SMALL
  }

  #setBlock(line: number, size: number, before: number): void {
    const words = this.#words
    words[line * WORDS + SIZE] = size
    words[line * WORDS + BEFORE] = before
    const behind = line + size
    if (behind < words[END_WORD]) words[behind * WORDS + BEFORE] = line
    else words[LAST_WORD] = line
  }

  #link(line: number): void {
    const words = this.#words
    const head = LISTS_WORD + listOf(words[line * WORDS + SIZE])
    const next = words[head]
    words[line * WORDS + STATE] = FREE
    words[line * WORDS + NEXT] = next
    words[line * WORDS + PREVIOUS] = 0
    if (next !== 0) words[next * WORDS + PREVIOUS] = line
    words[head] = line
  }

  #unlink(line: number): void {
    const words = this.#words
    const next = words[line * WORDS + NEXT]
    const previous = words[line * WORDS + PREVIOUS]
    if (previous === 0) words[LISTS_WORD + listOf(words[line * WORDS + SIZE])] = next
    else words[previous * WORDS + NEXT] = next
    if (next !== 0) words[next * WORDS + PREVIOUS] = previous
  }
}
