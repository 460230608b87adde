import type { NativeCodec } from '../../../src/codec/native/codec.ts'
import { loadAddon } from '../../../src/kernels/native/binary.ts'

function load(): NativeCodec | undefined {
  try {
    return loadAddon().codec as NativeCodec | undefined
  } catch {
    return undefined
  }
}

/** The native codec, where there is a binary and this processor runs it. */
export const nativeHere: NativeCodec | undefined = load()

/** For tests that need it: false, or why they are skipped. */
export const skip: string | false =
  nativeHere === undefined
    ? 'no native codec: not built, or the processor has no AVX-512 with operations on bytes'
    : false
