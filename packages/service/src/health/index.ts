export { createHealth, worstOf, type HealthOptions, type LifecycleHealth } from './health-checks.ts';
