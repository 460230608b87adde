import { BINADES, DECIMALS } from './regions'

const FRACTION: u64 = (1 << 36) - 1
const HALF: u64 = 1 << 35
const FIVE: u64 = 5 << 36
const ERROR: u64 = 1 << 24

/**
 * The shortest decimals that read back to float32s, and of the shortest the closest, into DECIMALS, without branches:
 * each as a number of seven to nine digits, in units of its binade, or 0 where `writeExactly` has to decide.
 *
 * With its exponent's scale the value becomes a fixed-point number of 28.36 bits that is off by less than 2^-13, in
 * whose units the interval that reads back to it is 1 to 10 wide. So it holds the nearest multiple of ten, or else the
 * nearest integer is the decimal. Left are those where the error could change that, powers of two, below which the
 * interval is narrower, and binades without a distance.
 */
export function findDecimals(from: usize, count: u32): void {
  const end = DECIMALS + (<usize>count << 2)
  for (let to = DECIMALS; to < end; to += 4, from += 4) {
    const bits = load<u32>(from)
    const distance = load<u64>(BINADES + <usize>((bits >> 19) & 0xff0))
    const fraction = bits & 0x7fffff
    const value = <u64>(fraction | 0x800000) * distance
    const ten = <u32>((value + FIVE) >> 36) / 10 * 10
    const outside = <i64>abs(<i64>(value - (<u64>ten << 36))) - <i64>(distance >> 1)
    const rounded = value + HALF
    const known =
      u32(fraction != 0) & u32(<u64>outside + ERROR >= 2 * ERROR) & u32(((rounded + ERROR) & FRACTION) >= 2 * ERROR)
    store<u32>(to, select<u32>(ten, <u32>(rounded >> 36), outside < 0) * known)
  }
}
