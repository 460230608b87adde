/**
 * What is wrong with an answer: a 5xx, a status that the document does not have, something else than JSON, an error
 * without its code.
 * @param documented the document's answers of the route, by status
 */
export function faultOf({ status, headers, bytes, text }, documented) {
  if (status >= 500 || documented[status] === undefined) return `answered ${status} ${text.slice(0, 300)}`
  try {
    if (status >= 400) {
      const { code, error, detail } = JSON.parse(text)
      if (!/^LSTM_ERR_/.test(code)) return `an error without a code: ${text.slice(0, 300)}`
      if (headers['content-type'] === 'application/json' && error !== detail) return `no text of an error: ${text}`
    } else if (headers['content-encoding'] !== undefined) return undefined
    else if (headers['content-type']?.startsWith('text/event-stream')) return eventsFault(text)
    else if (bytes.length > 0) JSON.parse(jsonOf(headers, bytes))
  } catch {
    return `an answer that is no JSON: ${text.slice(0, 300)}`
  }
  return undefined
}

function jsonOf(headers, bytes) {
  const length = headers['inference-header-content-length']
  return bytes.toString('utf8', 0, length === undefined ? bytes.length : Number(length))
}

/** Each event is JSON, and the last one has the states or is an error. */
function eventsFault(text) {
  const events = text.split('\n\n').slice(0, -1)
  const data = events.map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)))
  const last = data.at(-1)
  const ended = last?.error !== undefined || last?.outputs.some(({ name }) => name === 'a_last')
  return ended ? undefined : `a stream without an end: ${text.slice(-300)}`
}
