/** What the portable codec has to do, the native one has to do too. */
import t from 'tap'
import { useNativeCodec } from '../../../src/codec/native/codec.ts'
import { nativeHere, skip } from './here.ts'

useNativeCodec(nativeHere)

if (skip !== false) t.pass(skip, { skip })
else {
  await import('../base64.test.ts')
  await import('../json/closed.test.ts')
  await import('../json/encoded.test.ts')
  await import('../json/nested.test.ts')
  await import('../json/numbers.test.ts')
  await import('../json/read.test.ts')
  await import('../json/write.test.ts')
}
