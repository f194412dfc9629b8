import { main } from '@mainstay/service/main';

await main({ load: () => import('./descriptor-service.ts') });
