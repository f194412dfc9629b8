export { drained } from '../../main/drained.ts';
export {
  createStyle,
  processOutput,
  wantsColor,
  type Output,
  type Style,
  type TextStream,
} from './output.ts';
export { ProgressLine } from './progress-line.ts';
export { displayWidth, pad, printable, truncate } from './text-width.ts';
export { diffLines, unifiedDiff } from './unified-diff.ts';
