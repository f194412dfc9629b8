// Entry of the fixture as a process of its own, in the shape that `mainstay build` gives every entry.
import { main } from '@mainstay/service/main';

await main({ load: () => import('./fixture-service.ts') });
