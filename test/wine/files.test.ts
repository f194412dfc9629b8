import { windowsSuite } from './windows-suite.ts';

windowsSuite('files', ['test/wine/inside/files.ts']);
