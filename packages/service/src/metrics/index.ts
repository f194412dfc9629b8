export { startRuntimeMetrics, type RunningMetrics, type RuntimeMetricsOptions } from './runtime-metrics.ts';
