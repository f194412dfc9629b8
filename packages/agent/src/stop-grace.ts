/** For all services to end, one after the other where they depend on each other; then they are killed. Milliseconds. */
export const stopGraceMs = 180_000;
