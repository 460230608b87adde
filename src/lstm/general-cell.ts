import { activation } from './activations.ts'
import { add, addColumn, clamp, dot, hadamard, type Matrix, oneMinus, scaleRows, stackRows } from './matrix.ts'
import type { Activations } from './model.ts'

/** A layer in one direction with all that it may have, in float64; src/lstm/model.ts says what each is. */
export interface GeneralParameters {
  readonly Wf: Matrix // (n_a, n_h + n_x)
  readonly bf: Matrix // (n_a, 1)
  readonly Wi: Matrix // (n_a, n_h + n_x)
  readonly bi: Matrix // (n_a, 1)
  readonly Wc: Matrix // (n_a, n_h + n_x)
  readonly bc: Matrix // (n_a, 1)
  readonly Wo: Matrix // (n_a, n_h + n_x)
  readonly bo: Matrix // (n_a, 1)
  readonly Wp: Matrix | undefined // (n_h, n_a)
  readonly peepholes: { readonly pf: Matrix; readonly pi: Matrix; readonly po: Matrix } | undefined // (n_a, 1) each
  readonly activations: Activations
  readonly clip: number
  readonly input_forget: boolean
}

export interface GeneralResult {
  readonly a_next: Matrix // (n_h, m)
  readonly c_next: Matrix // (n_a, m)
  readonly ft: Matrix // (n_a, m)
  readonly it: Matrix // (n_a, m)
  readonly cct: Matrix // (n_a, m)
  readonly ot: Matrix // (n_a, m)
}

/**
 * One forward step of a cell with a projection, peepholes, a bound of the pre-activations, a coupled forget gate, or
 * other activations; `lstmCellForward` is the cell without them. Sources: those of src/lstm/model.ts.
 *
 * @param xt (n_x, m), the input of this step
 * @param a_prev (n_h, m), the hidden state before it
 * @param c_prev (n_a, m), the cell state before it
 */
export function generalCellForward(
  xt: Matrix,
  a_prev: Matrix,
  c_prev: Matrix,
  parameters: GeneralParameters
): GeneralResult {
  const { Wf, bf, Wi, bi, Wc, bc, Wo, bo, Wp, peepholes, activations, clip, input_forget } = parameters
  const gate = activation(activations.gate)
  const candidate = activation(activations.candidate)
  const output = activation(activations.output)
  const see = (Z: Matrix, p: Matrix | undefined, c: Matrix) => (p === undefined ? Z : add(Z, scaleRows(p, c)))
  const bound = (Z: Matrix) => clamp(Z, clip)

  const concat = stackRows(a_prev, xt) //                                               [a_prev; xt]  (n_h + n_x, m)
  const zi = bound(see(addColumn(dot(Wi, concat), bi), peepholes?.pi, c_prev))
  const zf = bound(see(addColumn(dot(Wf, concat), bf), peepholes?.pf, c_prev))
  const zc = bound(addColumn(dot(Wc, concat), bc))
  const it = gate(zi) //                                                                update (input) gate
  const ft = input_forget ? oneMinus(it) : gate(zf) //                                  forget gate
  const cct = candidate(zc) //                                                          candidate value
  const c_next = add(hadamard(ft, c_prev), hadamard(it, cct)) //                        cell (memory) state
  const zo = bound(see(addColumn(dot(Wo, concat), bo), peepholes?.po, c_next))
  const ot = gate(zo) //                                                                output gate
  const h = hadamard(ot, output(c_next))
  const a_next = Wp === undefined ? h : dot(Wp, h) //                                   hidden state

  return { a_next, c_next, ft, it, cct, ot }
}
