import { testConformance } from '../conformance/suite.ts';
import { ScmHarness } from './scm-harness.ts';

testConformance(() => ScmHarness.create());
