/** The table of the runs that a call moves, and where the rows of a step lie. */

/** One run; `addresses` point at the next step. Nine words. */
@unmanaged
export class Run {
  m: usize // rows of the run in memory, the distance between two steps
  active: usize // (steps) rows to compute at each step, never growing
  x: usize // (…, m, n_x)
  a: usize // (…, m, n_h), the state before the step
  c: usize // (…, m, n_a)
  ft: usize // (…, m, n_a) or 0
  it: usize
  cct: usize
  ot: usize
}

/**
 * The addresses of the rows that step t reads, written from `entry` on. Returns what is behind the last one.
 * @param field offset in a Run of the address of its rows
 */
export function listRows(runs: usize, end: usize, t: usize, field: usize, rowBytes: usize, entry: usize): usize {
  for (let at = runs; at < end; at += offsetof<Run>()) {
    const run = changetype<Run>(at)
    let row = load<usize>(at + field) + t * run.m * rowBytes
    for (let r = load<u32>(run.active + t * 4); r > 0; r--) {
      store<u32>(entry, <u32>row)
      entry += 4
      row += rowBytes
    }
  }
  return entry
}
