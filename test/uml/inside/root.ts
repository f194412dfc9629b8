// The place, and then the tests of the limits.
import './place.ts';
import '../../../packages/platform/test/containment/limits.test.ts';
