import { type Suite, suiteOf, suites } from './suites.ts';

/** A suite and the files of it that are to run. */
export interface PlannedSuite {
  readonly suite: Suite;
  readonly files: readonly string[];
}

export interface Plan {
  readonly planned: readonly PlannedSuite[];
  /** Why the run cannot be green, whatever the tests say. */
  readonly problems: readonly string[];
}

/** Sorts test files into the chosen suites. A file of no suite, and a suite without files, are problems. */
export function plan(files: readonly string[], chosen: readonly string[], filters: readonly string[]): Plan {
  const problems: string[] = [];
  const kept = files.filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  );
  for (const filter of filters) {
    if (!files.some((file) => file.includes(filter)))
      problems.push(`No test file has "${filter}" in its path`);
  }
  for (const file of kept) {
    if (suiteOf(file) === undefined)
      problems.push(`${file} belongs to no suite: see suiteOf in scripts/test/suites.ts`);
  }
  const planned = suites
    .filter(({ name }) => chosen.includes(name))
    .map((suite) => ({ suite, files: kept.filter((file) => suiteOf(file) === suite.name) }));
  if (filters.length > 0) return { planned: planned.filter((entry) => entry.files.length > 0), problems };
  for (const entry of planned) {
    if (entry.files.length === 0) problems.push(`The suite ${entry.suite.name} has no test files`);
  }
  return { planned, problems };
}
