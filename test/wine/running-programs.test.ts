import { windowsSuite } from './windows-suite.ts';

windowsSuite('how running programs are reached', ['test/wine/inside/running-programs.ts']);
windowsSuite('named pipes', ['test/wine/inside/pipe-security.ts']);
