export interface Point {
  /** Milliseconds. */
  readonly at: number;
  readonly value: number;
}

/** Least squares: by how much the value grows in a minute. Undefined for fewer than three points. */
export function slopePerMinute(points: readonly Point[]): number | undefined {
  if (points.length < 3) return undefined;
  const meanAt = points.reduce((sum, { at }) => sum + at, 0) / points.length;
  const meanValue = points.reduce((sum, { value }) => sum + value, 0) / points.length;
  let both = 0;
  let square = 0;
  for (const { at, value } of points) {
    both += (at - meanAt) * (value - meanValue);
    square += (at - meanAt) ** 2;
  }
  return square === 0 ? undefined : (both / square) * 60_000;
}
