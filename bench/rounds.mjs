const now = () => performance.now() * 1000

/**
 * Measures contestants in turns, so that what disturbs the machine disturbs all of them.
 * @param contestants functions, each one piece of the same work; may be async
 * @param sliceMicroseconds how long each goes on in a round, at least once
 * @returns for each contestant its µs per call in every round
 */
export async function alternate(contestants, { rounds, sliceMicroseconds, warmMicroseconds = 5 * sliceMicroseconds }) {
  const repeats = []
  for (const work of contestants) {
    const start = now()
    let calls = 0
    while (calls === 0 || now() - start < warmMicroseconds) {
      const pending = work()
      if (pending instanceof Promise) await pending
      calls++
    }
    repeats.push(Math.max(1, Math.round((sliceMicroseconds * calls) / (now() - start))))
  }
  const times = contestants.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [which, work] of contestants.entries()) {
      const start = now()
      for (let i = 0; i < repeats[which]; i++) {
        const pending = work()
        if (pending instanceof Promise) await pending
      }
      times[which].push((now() - start) / repeats[which])
    }
  }
  return times
}
