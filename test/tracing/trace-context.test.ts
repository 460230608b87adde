import t from 'tap'
import { readTraceparent, writeTraceparent } from '../../src/tracing/trace-context.ts'

/** The examples of the W3C recommendation, and what it says of the others. */

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

t.test('reads what the standard allows', async (t) => {
  t.strictSame(readTraceparent(`00-${traceId}-${spanId}-01`), { traceId, spanId, flags: 1 })
  t.strictSame(readTraceparent(`00-${traceId}-${spanId}-00`), { traceId, spanId, flags: 0 })
  t.strictSame(readTraceparent(`cc-${traceId}-${spanId}-01-what-the-future-brings`), { traceId, spanId, flags: 1 })
  t.equal(writeTraceparent({ traceId, spanId, flags: 1 }), `00-${traceId}-${spanId}-01`)
})

t.test('takes no notice of anything else', async (t) => {
  for (const header of [
    undefined,
    '',
    [`00-${traceId}-${spanId}-01`],
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-0x`
  ]) {
    t.equal(readTraceparent(header), undefined, String(header))
  }
})
