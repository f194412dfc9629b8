import type { FileResult } from './run-file.ts';
import type { SuiteResult } from './run.ts';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One line for a file that passed; for one that failed, all there is to know. */
export function fileLines(suite: string, result: FileResult): string[] {
  const { failures, leftBehind } = result;
  const tests = `${result.passed} passed${result.skips.length > 0 ? `, ${result.skips.length} skipped` : ''}`;
  const seconds = (result.milliseconds / 1000).toFixed(1);
  const head = `${failures.length > 0 ? '✖' : '✔'} ${suite.padEnd(13)} ${result.file}  ${tests}  ${seconds} s`;
  const lines = [head];
  for (const { test, text } of failures) lines.push(`    ✖ ${test}`, indent(text, '        '));
  if (failures.length > 0 && result.output.trim())
    lines.push('    its output:', indent(result.output.trim(), '      | '));
  for (const command of leftBehind) lines.push(`    ! killed a process it left running: ${command}`);
  return lines;
}

function indent(text: string, by: string): string {
  return text.replaceAll(/^/gm, by);
}

export function totalsOf(results: readonly SuiteResult[], problems: readonly string[]): Totals {
  const files = results.flatMap((result) => result.files);
  const sum = (count: (file: FileResult) => number) => files.reduce((total, file) => total + count(file), 0);
  const unprepared = results.filter(({ preparation }) => preparation.state === 'failed').length;
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failures }) => failures.length) + unprepared + problems.length,
    skipped: sum(({ skips }) => skips.length),
  };
}

/** A line for each reason that a file gives, however many tests it has for it. */
function skipLines({ file, skips }: FileResult): string[] {
  const byReason = Map.groupBy(skips, ({ text }) => text);
  return [...byReason].map(([reason, tests]) =>
    tests.length === 1
      ? `  ${file} › ${tests[0]?.test}: ${reason}`
      : `  ${file} › ${tests.length} tests: ${reason}`,
  );
}

/** A line for each suite, with the time that its files took one after the other. */
function suiteLines(results: readonly SuiteResult[]): string[] {
  return results.map((result) => {
    const { passed, failed, skipped } = totalsOf([result], []);
    const seconds = result.files.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
    const counts = [
      `${passed} passed`.padStart(12),
      failed > 0 ? `, ${failed} failed` : '',
      skipped > 0 ? `, ${skipped} skipped` : '',
    ].join('');
    const outcome = result.preparation.state === 'skipped' ? '     skipped' : counts;
    return `  ${result.name.padEnd(13)}${outcome.padEnd(36)}${seconds.toFixed(0).padStart(5)} s`;
  });
}

/** The end of the report: what was skipped and why, what failed, and the closing line. */
export function closingLines(results: readonly SuiteResult[], problems: readonly string[]): string[] {
  const skipped = results.flatMap(({ name, preparation, files }) => [
    ...(preparation.state === 'skipped' ? [`  suite ${name}: ${preparation.reason}`] : []),
    ...files.flatMap(skipLines),
  ]);
  const failed = results.flatMap(({ name, preparation, files }) => [
    ...(preparation.state === 'failed' ? [`  suite ${name}: ${preparation.reason}`] : []),
    ...files.flatMap(({ file, failures }) => failures.map(({ test }) => `  ${file} › ${test}`)),
  ]);
  const totals = totalsOf(results, problems);
  return [
    ...suiteLines(results),
    ...(skipped.length > 0 ? ['', 'Skipped:', ...skipped] : []),
    ...(failed.length + problems.length > 0
      ? ['', 'Failed:', ...failed, ...problems.map((text) => `  ${text}`)]
      : []),
    '',
    `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`,
  ];
}

/** 0 only when tests ran and none failed. */
export function exitCodeOf({ passed, failed }: Totals): number {
  return failed === 0 && passed > 0 ? 0 : 1;
}
