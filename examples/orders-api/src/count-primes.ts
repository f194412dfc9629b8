/** How many primes are below `limit`: a sieve, to have something that keeps a processor busy. */
export function countPrimes(limit: number): number {
  const isComposite = new Uint8Array(Math.max(0, limit));
  let count = 0;
  for (let candidate = 2; candidate < limit; candidate += 1) {
    if (isComposite[candidate]) continue;
    count += 1;
    for (let multiple = candidate * candidate; multiple < limit; multiple += candidate)
      isComposite[multiple] = 1;
  }
  return count;
}
