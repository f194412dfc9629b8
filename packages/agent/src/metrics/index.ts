export { MetricsPage, type MetricsPageOptions } from './metrics-page.ts';
