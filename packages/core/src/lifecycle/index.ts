export { isPending, serviceStates, type ServiceState } from './states.ts';
export {
  acceptsNothing,
  answerControl,
  type AcceptedControls,
  type Control,
  type ControlAnswer,
  type PowerEvent,
  type SessionEvent,
  type StopReason,
} from './controls.ts';
export { detachTimeoutMs, primaryLimits, stopAllowanceMs } from './deadlines.ts';
export {
  defaultLifecycleLimits,
  type AbortReason,
  type Exit,
  type InFlight,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleLimits,
  type LifecycleModel,
  type LifecycleStatus,
  type Operation,
  type SideHandler,
  type Step,
  type TimerName,
} from './types.ts';
export { initialLifecycle, maxQueuedDeliveries, stepLifecycle } from './machine.ts';
export { statusOf } from './steps.ts';
