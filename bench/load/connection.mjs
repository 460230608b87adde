import { connect } from 'node:net'

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const RECEIVE_BYTES = 1 << 18

/** One buffer for all connections of the process: what was received is counted before the next may come. */
const received = Buffer.allocUnsafe(RECEIVE_BYTES)

/** A connection that is kept alive and has one request under way. */
export class Connection {
  /** @returns a connected Connection */
  static open(port) {
    const connection = new Connection()
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: received,
        callback: (count) => {
          connection.#take(received.subarray(0, count))
          return true
        }
      }
    })
    connection.#socket = socket
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(connection))
      socket.once('error', (error) => {
        reject(error)
        connection.#fail(error)
      })
      socket.once('close', () => connection.#fail(new Error('the server has closed a connection')))
    })
  }

  #socket
  #answered
  #failed
  #keeps = false
  /** What has come of a head that is not whole yet. */
  #head = ''
  /** Bytes of the body that are still to come; -1 while the head is read. */
  #missing = -1
  #status = 0
  #length = 0
  /** Of an answer with raw tensors behind its JSON. */
  #jsonBytes = 0
  #body = []

  /** Sends the bytes of a request; the body is kept if `keeps`, and of an error always. */
  ask(request, keeps) {
    this.#keeps = keeps
    this.#body = []
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(request)
    })
  }

  close() {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #fail(error) {
    this.#failed?.(error)
  }

  #take(chunk) {
    let bytes = chunk
    if (this.#missing < 0) {
      bytes = this.#takeHead(chunk)
      if (bytes === undefined) return
    }
    this.#missing -= bytes.length
    if (this.#keeps) this.#body.push(Buffer.from(bytes))
    if (this.#missing > 0) return
    this.#missing = -1
    this.#answered({
      status: this.#status,
      length: this.#length,
      jsonBytes: this.#jsonBytes,
      body: Buffer.concat(this.#body)
    })
  }

  /** @returns what follows the head in `chunk`, or undefined if the head is not whole yet */
  #takeHead(chunk) {
    const end = chunk.indexOf(END_OF_HEAD)
    this.#head += chunk.latin1Slice(0, end < 0 ? chunk.length : end)
    if (end < 0) return undefined
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head)
    if (length === null) throw new Error(`an answer without Content-Length: ${this.#head}`)
    this.#status = Number(this.#head.slice(9, 12))
    this.#keeps ||= this.#status !== 200
    this.#length = Number(length[1])
    this.#jsonBytes = Number(/\r\ninference-header-content-length: *(\d+)/i.exec(this.#head)?.[1] ?? 0)
    this.#missing = this.#length
    this.#head = ''
    return chunk.subarray(end + END_OF_HEAD.length)
  }
}
