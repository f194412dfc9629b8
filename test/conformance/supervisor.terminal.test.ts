import { createSupervisorHarness } from './hosts/supervisor-harness.ts';
import { testConformance } from './suite.ts';

testConformance(createSupervisorHarness);
