import { createTerminalHarness } from './hosts/signal-harness.ts';
import { testConformance } from './suite.ts';

testConformance(createTerminalHarness);
