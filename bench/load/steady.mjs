const SECONDS = 1
/** A rate this much above the best before says that code is still being compiled, or a cache filled. */
const RISE = 1.03
/** So many seconds without a rise are enough. */
const ENOUGH = 2
const MOST = { short: 3, long: 12 }

/**
 * Loads a server until it answers no faster than it did, so that what is measured then is how it goes on: with large
 * layers it takes a server in JavaScript ten seconds and more until all is compiled as it stays, and with another
 * number of connections some of it is compiled anew.
 */
export async function untilSteady(generator, load, short) {
  let best = 0
  let level = 0
  for (let second = 0; second < (short ? MOST.short : MOST.long) && level < ENOUGH; second++) {
    const { perSecond } = await generator.run({ ...load, seconds: SECONDS })
    level = perSecond > best * RISE ? 0 : level + 1
    best = Math.max(best, perSecond)
  }
}
