import { main } from '@mainstay/service/main';

// What the builder makes the entry of the executable, and `mainstay run` does from source.
await main({ load: () => import('../src/main.ts'), entry: import.meta.url });
