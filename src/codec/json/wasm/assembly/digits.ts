/** Eight digits as bytes from 0 to 9, the first in the lowest: split into numbers of four digits, two, one. */
// @ts-ignore: decorator
@inline
export function digitsOf(eight: u32): u64 {
  const high = <u64>(eight / 10000)
  let block = high | ((<u64>eight - high * 10000) << 32)
  const hundreds = ((block * 5243) >> 19) & 0x0000007f0000007f
  block = hundreds | ((block - hundreds * 100) << 16)
  const tens = ((block * 103) >> 10) & 0x000f000f000f000f
  return tens | ((block - tens * 10) << 8)
}
