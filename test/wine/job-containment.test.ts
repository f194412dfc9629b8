import { windowsSuite } from './windows-suite.ts';

windowsSuite('job objects', ['test/wine/inside/job-containment.ts', 'test/wine/inside/agent.ts']);
