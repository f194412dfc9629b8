// Run in the machine by conformance.test.ts.
import { createSystemdHarness } from '../../conformance/hosts/systemd-harness.ts';
import { testConformance } from '../../conformance/suite.ts';

testConformance(createSystemdHarness);
