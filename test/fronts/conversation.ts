import type { Socket } from 'node:net'

/** HTTP as it comes over a socket, for what no client library sends or shows. */

export interface Heard {
  readonly status: number
  /** Names in small letters; what differs from one time to the next is left out. */
  readonly headers: Record<string, string>
  readonly body: string
}

const fleeting: ReadonlySet<string> = new Set(['date', 'server-timing', 'x-request-id'])

/** What a connection says until it is closed. */
export async function hear(socket: Socket): Promise<Heard[]> {
  let text = ''
  socket.on('data', (piece) => (text += piece.toString('latin1')))
  await new Promise((resolve) => socket.on('close', resolve))
  const all: Heard[] = []
  while (text !== '') {
    const { heard, rest } = firstOf(text)
    all.push(heard)
    text = rest
  }
  return all
}

function firstOf(text: string): { heard: Heard; rest: string } {
  const end = text.indexOf('\r\n\r\n')
  const [first, ...lines] = text.slice(0, end).split('\r\n')
  const given = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const { 'content-length': length, ...others } = Object.fromEntries(given) as Record<string, string>
  const status = Number(first.split(' ')[1])
  const bytes = length === undefined ? (status < 200 ? 0 : text.length) : Number(length)
  const rest = text.slice(end + 4 + bytes)
  const headers = Object.fromEntries(Object.entries(others).filter(([name]) => !fleeting.has(name)))
  const body = text.slice(end + 4, end + 4 + bytes).replace(/"(request_id|created)":"[^"]*"/, '')
  return { heard: { status, headers, body }, rest }
}
