/**
 * out = init + W·in for a list of rows: the one matrix product of the kernel, used for Wx·x + b of a block of steps,
 * for Wa·a_prev of one step and for Wy·a + by.
 *
 * W lies in panels of 16 outputs, (K, 4, 4): for a layer the gates f, i, c, o of 4 units side by side, for the head
 * 16 values of y. Every output is accumulated from init in the order k = 0 … K-1 by `madd`, in every tile alike: a
 * row's bits do not depend on which tile it falls into.
 *
 * Tiles hold 8 accumulators: 2 rows × 1 panel, or 1 row × 2 panels. More do not pay: 12 spill out of V8's 15 vector
 * registers on Node 20 (a third slower), and gain at most 10 % on Node 24.
 *
 * The breaks between two k are for V8: it moves the instructions of one basic block together by accumulator, which
 * makes chains that wait for themselves and spills the others, and it moves the loads of a block to its top. Four k
 * without a break between them are 25 % slower; 1 row × 2 panels without one between the panels is 40 % slower on
 * Node 20. A break costs one instruction.
 */
import { madd } from './arithmetic'

/** 2 rows × 1 panel. */
function tile2x1(
  K: usize,
  w0: usize, // (K, 4, 4)
  in0: usize, // (K)
  in1: usize, // (K)
  from0: usize,
  to0: usize,
  from1: usize,
  to1: usize
): void {
  let f0 = v128.load(from0)
  let i0 = v128.load(from0, 16)
  let c0 = v128.load(from0, 32)
  let o0 = v128.load(from0, 48)
  let f1 = v128.load(from1)
  let i1 = v128.load(from1, 16)
  let c1 = v128.load(from1, 32)
  let o1 = v128.load(from1, 48)
  for (;;) {
    let x0 = v128.load32_splat(in0)
    let x1 = v128.load32_splat(in1)
    let w = v128.load(w0)
    f0 = madd(w, x0, f0)
    f1 = madd(w, x1, f1)
    w = v128.load(w0, 16)
    i0 = madd(w, x0, i0)
    i1 = madd(w, x1, i1)
    w = v128.load(w0, 32)
    c0 = madd(w, x0, c0)
    c1 = madd(w, x1, c1)
    w = v128.load(w0, 48)
    o0 = madd(w, x0, o0)
    o1 = madd(w, x1, o1)
    if (--K == 0) break
    x0 = v128.load32_splat(in0, 4)
    x1 = v128.load32_splat(in1, 4)
    w = v128.load(w0, 64)
    f0 = madd(w, x0, f0)
    f1 = madd(w, x1, f1)
    w = v128.load(w0, 80)
    i0 = madd(w, x0, i0)
    i1 = madd(w, x1, i1)
    w = v128.load(w0, 96)
    c0 = madd(w, x0, c0)
    c1 = madd(w, x1, c1)
    w = v128.load(w0, 112)
    o0 = madd(w, x0, o0)
    o1 = madd(w, x1, o1)
    if (--K == 0) break
    x0 = v128.load32_splat(in0, 8)
    x1 = v128.load32_splat(in1, 8)
    w = v128.load(w0, 128)
    f0 = madd(w, x0, f0)
    f1 = madd(w, x1, f1)
    w = v128.load(w0, 144)
    i0 = madd(w, x0, i0)
    i1 = madd(w, x1, i1)
    w = v128.load(w0, 160)
    c0 = madd(w, x0, c0)
    c1 = madd(w, x1, c1)
    w = v128.load(w0, 176)
    o0 = madd(w, x0, o0)
    o1 = madd(w, x1, o1)
    if (--K == 0) break
    x0 = v128.load32_splat(in0, 12)
    x1 = v128.load32_splat(in1, 12)
    w = v128.load(w0, 192)
    f0 = madd(w, x0, f0)
    f1 = madd(w, x1, f1)
    w = v128.load(w0, 208)
    i0 = madd(w, x0, i0)
    i1 = madd(w, x1, i1)
    w = v128.load(w0, 224)
    c0 = madd(w, x0, c0)
    c1 = madd(w, x1, c1)
    w = v128.load(w0, 240)
    o0 = madd(w, x0, o0)
    o1 = madd(w, x1, o1)
    if (--K == 0) break
    w0 += 256
    in0 += 16
    in1 += 16
  }
  v128.store(to0, f0)
  v128.store(to0, i0, 16)
  v128.store(to0, c0, 32)
  v128.store(to0, o0, 48)
  v128.store(to1, f1)
  v128.store(to1, i1, 16)
  v128.store(to1, c1, 32)
  v128.store(to1, o1, 48)
}

/** 1 row × 2 panels. */
function tile1x2(
  K: usize,
  w0: usize, // (K, 4, 4)
  w1: usize, // (K, 4, 4)
  in0: usize, // (K)
  from0: usize,
  to0: usize
): void {
  let f0 = v128.load(from0)
  let i0 = v128.load(from0, 16)
  let c0 = v128.load(from0, 32)
  let o0 = v128.load(from0, 48)
  let f1 = v128.load(from0, 64)
  let i1 = v128.load(from0, 80)
  let c1 = v128.load(from0, 96)
  let o1 = v128.load(from0, 112)
  let halves = K << 1 // even, so that only the break behind a whole k is ever taken
  for (;;) {
    let x0 = v128.load32_splat(in0)
    f0 = madd(v128.load(w0), x0, f0)
    i0 = madd(v128.load(w0, 16), x0, i0)
    c0 = madd(v128.load(w0, 32), x0, c0)
    o0 = madd(v128.load(w0, 48), x0, o0)
    if (--halves == 0) break
    f1 = madd(v128.load(w1), x0, f1)
    i1 = madd(v128.load(w1, 16), x0, i1)
    c1 = madd(v128.load(w1, 32), x0, c1)
    o1 = madd(v128.load(w1, 48), x0, o1)
    if (--halves == 0) break
    x0 = v128.load32_splat(in0, 4)
    f0 = madd(v128.load(w0, 64), x0, f0)
    i0 = madd(v128.load(w0, 80), x0, i0)
    c0 = madd(v128.load(w0, 96), x0, c0)
    o0 = madd(v128.load(w0, 112), x0, o0)
    if (--halves == 0) break
    f1 = madd(v128.load(w1, 64), x0, f1)
    i1 = madd(v128.load(w1, 80), x0, i1)
    c1 = madd(v128.load(w1, 96), x0, c1)
    o1 = madd(v128.load(w1, 112), x0, o1)
    if (--halves == 0) break
    x0 = v128.load32_splat(in0, 8)
    f0 = madd(v128.load(w0, 128), x0, f0)
    i0 = madd(v128.load(w0, 144), x0, i0)
    c0 = madd(v128.load(w0, 160), x0, c0)
    o0 = madd(v128.load(w0, 176), x0, o0)
    if (--halves == 0) break
    f1 = madd(v128.load(w1, 128), x0, f1)
    i1 = madd(v128.load(w1, 144), x0, i1)
    c1 = madd(v128.load(w1, 160), x0, c1)
    o1 = madd(v128.load(w1, 176), x0, o1)
    if (--halves == 0) break
    x0 = v128.load32_splat(in0, 12)
    f0 = madd(v128.load(w0, 192), x0, f0)
    i0 = madd(v128.load(w0, 208), x0, i0)
    c0 = madd(v128.load(w0, 224), x0, c0)
    o0 = madd(v128.load(w0, 240), x0, o0)
    if (--halves == 0) break
    f1 = madd(v128.load(w1, 192), x0, f1)
    i1 = madd(v128.load(w1, 208), x0, i1)
    c1 = madd(v128.load(w1, 224), x0, c1)
    o1 = madd(v128.load(w1, 240), x0, o1)
    if (--halves == 0) break
    w0 += 256
    w1 += 256
    in0 += 16
  }
  v128.store(to0, f0)
  v128.store(to0, i0, 16)
  v128.store(to0, c0, 32)
  v128.store(to0, o0, 48)
  v128.store(to0, f1, 64)
  v128.store(to0, i1, 80)
  v128.store(to0, c1, 96)
  v128.store(to0, o1, 112)
}

/** 1 row × 1 panel. */
function tile1x1(
  K: usize,
  w0: usize, // (K, 4, 4)
  in0: usize, // (K)
  from0: usize,
  to0: usize
): void {
  let f = v128.load(from0)
  let i = v128.load(from0, 16)
  let c = v128.load(from0, 32)
  let o = v128.load(from0, 48)
  for (;;) {
    let x0 = v128.load32_splat(in0)
    f = madd(v128.load(w0), x0, f)
    i = madd(v128.load(w0, 16), x0, i)
    c = madd(v128.load(w0, 32), x0, c)
    o = madd(v128.load(w0, 48), x0, o)
    if (--K == 0) break
    x0 = v128.load32_splat(in0, 4)
    f = madd(v128.load(w0, 64), x0, f)
    i = madd(v128.load(w0, 80), x0, i)
    c = madd(v128.load(w0, 96), x0, c)
    o = madd(v128.load(w0, 112), x0, o)
    if (--K == 0) break
    x0 = v128.load32_splat(in0, 8)
    f = madd(v128.load(w0, 128), x0, f)
    i = madd(v128.load(w0, 144), x0, i)
    c = madd(v128.load(w0, 160), x0, c)
    o = madd(v128.load(w0, 176), x0, o)
    if (--K == 0) break
    x0 = v128.load32_splat(in0, 12)
    f = madd(v128.load(w0, 192), x0, f)
    i = madd(v128.load(w0, 208), x0, i)
    c = madd(v128.load(w0, 224), x0, c)
    o = madd(v128.load(w0, 240), x0, o)
    if (--K == 0) break
    w0 += 256
    in0 += 16
  }
  v128.store(to0, f)
  v128.store(to0, i, 16)
  v128.store(to0, c, 32)
  v128.store(to0, o, 48)
}

/**
 * rowTable: u32 addresses of the rows' K inputs. Row r of panel p starts from init + r·initStride + 64·p and goes to
 * out + r·outStride + 64·p; init may be out.
 */
export function product(
  rowTable: usize, // (rows)
  rows: usize,
  K: usize,
  panels: usize, // (panelCount, K, 4, 4)
  panelCount: usize,
  init: usize,
  initStride: usize,
  out: usize, // (rows, panelCount, 4, 4)
  outStride: usize
): void {
  const panelBytes = K * 64
  const paired = rows & ~1
  for (let p: usize = 0; p < panelCount; p += 2) {
    const two = p + 1 < panelCount
    const last = two ? p + 1 : p
    for (let q = p; q <= last; q++) {
      const w = panels + q * panelBytes
      let from = init + q * 64
      let to = out + q * 64
      for (let r: usize = 0; r < paired; r += 2) {
        const entry = rowTable + r * 4
        tile2x1(K, w, load<u32>(entry), load<u32>(entry, 4), from, to, from + initStride, to + outStride)
        from += 2 * initStride
        to += 2 * outStride
      }
    }
    if (rows & 1) {
      const w = panels + p * panelBytes
      const row = load<u32>(rowTable + paired * 4)
      const from = init + paired * initStride + p * 64
      const to = out + paired * outStride + p * 64
      if (two) tile1x2(K, w, w + panelBytes, row, from, to)
      else tile1x1(K, w, row, from, to)
    }
  }
}
