/** How the examples talk to the server. */

/** The server's address: the one given, else LSTM_URL, else where `npm start` listens. */
export function serverAddress(given) {
  return (given || process.env.LSTM_URL || 'http://127.0.0.1:3000').replace(/\/+$/, '')
}

/**
 * POSTs JSON and gives the answer back.
 * @throws Error in words for a person when there is no server, or when it answers a problem
 */
export async function post(url, body) {
  let response
  try {
    const headers = { 'content-type': 'application/json' }
    response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  } catch (error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message
    throw new Error(`no answer from ${url} (${reason}); is the server running? npm start`)
  }
  const answer = await response.json().catch(() => undefined) // a proxy may answer HTML
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${answer?.detail ?? response.statusText}`)
  if (answer === undefined) throw new Error(`${url} did not answer JSON; is it lstm-serve?`)
  return answer
}

/** Says what went wrong, without a stack, and lets the program end with 1. */
export function giveUp(error) {
  console.error(error.message)
  process.exitCode = 1
}
