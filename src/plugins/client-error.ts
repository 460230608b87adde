import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { LstmError } from '../errors.ts'
import { problem } from './problems.ts'
import { requestId } from './request-log.ts'

type SocketError = Error & { readonly code?: string; readonly reason?: string }

/** Answers what never became a request, as problems.ts answers requests, and closes the connection. */
export function answerClientError(this: FastifyInstance, error: SocketError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const known = asLstmError(error)
  const id = requestId(undefined)
  this.log.debug({ err: error, reqId: id, status: known.status }, 'no request came of it')
  // an answer of which a part is out already cannot become another one
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent: boolean } }
  if (socket.writable && answer?.headersSent !== true) {
    const body = JSON.stringify(problem(known, id))
    const head = [
      `HTTP/1.1 ${known.status} ${STATUS_CODES[known.status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${id}`,
      'connection: close'
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
  socket.destroy(error)
}

function asLstmError({ code, reason, message }: SocketError): LstmError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new LstmError('LSTM_ERR_REQUEST_TIMEOUT', [])
    case 'HPE_HEADER_OVERFLOW':
      return new LstmError('LSTM_ERR_HEADERS_TOO_LARGE', [])
    default:
      return new LstmError('LSTM_ERR_INVALID_REQUEST', [`this is not HTTP/1.1: ${reason ?? message}`])
  }
}
