/** Layers with a projection, peepholes, clip, input_forget or other activations, apart from the plain cell's code. */
import { GeneralLayer, generalCell } from './general-cell'
import { product } from './product'
import { listRows, Run } from './runs'

/** a_next = Wp·(ot∘output(c_next)) of all rows of step t. */
function project(layer: GeneralLayer, runs: usize, end: usize, t: usize, rows: usize, rowTable: usize): void {
  const hiddenBytes: usize = ((layer.n_a + 3) >> 2) << 4
  for (let r: usize = 0; r < rows; r++) store<u32>(rowTable + r * 4, <u32>(layer.hidden + r * hiddenBytes))
  const panels = (layer.n_h + 15) >> 4
  const outBytes: usize = panels << 6
  const zeros = layer.projection
  product(rowTable, rows, layer.n_a, zeros + outBytes, panels, zeros, 0, layer.projected, outBytes)

  const aBytes: usize = layer.n_h << 2
  let out = layer.projected
  for (let at = runs; at < end; at += offsetof<Run>()) {
    const run = changetype<Run>(at)
    let a = run.a + (t + 1) * run.m * aBytes
    for (let r = load<u32>(run.active + t * 4); r > 0; r--) {
      memory.copy(a, out, aBytes)
      a += aBytes
      out += outBytes
    }
  }
}

/** As advance, of the layer whose record lies at `record`. */
export function advanceGeneral(
  record: usize,
  runs: usize, // (runCount) of Run
  runCount: usize,
  steps: usize,
  rowTable: usize, // (rows of all steps)
  z: usize // (rows of all steps, blocks, 4, 4)
): void {
  const layer = changetype<GeneralLayer>(record)
  const n_a = layer.n_a
  const blocks = (n_a + 3) >> 2
  const zBytes: usize = blocks << 6
  const Wx = layer.weights + zBytes
  const Wa = Wx + zBytes * layer.n_x
  const cBytes: usize = n_a << 2
  const hiddenBytes: usize = blocks << 4
  const end = runs + runCount * offsetof<Run>()

  let entry = rowTable
  for (let t: usize = 0; t < steps; t++) entry = listRows(runs, end, t, offsetof<Run>('x'), layer.n_x << 2, entry)
  product(rowTable, (entry - rowTable) >> 2, layer.n_x, Wx, blocks, layer.weights, 0, z, zBytes)

  for (let t: usize = 0; t < steps; t++) {
    const rows = (listRows(runs, end, t, offsetof<Run>('a'), layer.n_h << 2, rowTable) - rowTable) >> 2
    product(rowTable, rows, layer.n_h, Wa, blocks, z, zBytes, z, zBytes)

    let hidden = layer.hidden
    for (let at = runs; at < end; at += offsetof<Run>()) {
      const run = changetype<Run>(at)
      const next = run.m * cBytes
      let row = t * next
      for (let r = load<u32>(run.active + t * 4); r > 0; r--) {
        generalCell(
          layer,
          z,
          run.c + row,
          run.c + row + next,
          layer.projection ? hidden : run.a + row + next, // without a projection n_h is n_a
          run.ft ? run.ft + row : 0,
          run.it ? run.it + row : 0,
          run.cct ? run.cct + row : 0,
          run.ot ? run.ot + row : 0
        )
        hidden += hiddenBytes
        row += cBytes
        z += zBytes
      }
    }
    if (layer.projection) project(layer, runs, end, t, rows, rowTable)
  }
}
