import { startBehaviours } from './behaviours/start.ts';
import { stopBehaviours } from './behaviours/stop.ts';
import { crashBehaviours } from './behaviours/crash.ts';
import { controlBehaviours } from './behaviours/control.ts';
import { cleanUpBehaviours } from './behaviours/clean-up.ts';
import type { Behaviour } from './behaviours/behaviour.ts';

/** The one list of what a service does under any host. */
export const behaviours: readonly Behaviour[] = [
  ...startBehaviours,
  ...stopBehaviours,
  ...crashBehaviours,
  ...controlBehaviours,
  ...cleanUpBehaviours,
];
