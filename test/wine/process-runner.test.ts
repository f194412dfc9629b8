import { windowsSuite } from './windows-suite.ts';

windowsSuite('the contract of runners', ['test/wine/inside/process-runner.ts']);
