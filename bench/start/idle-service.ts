import { defineService } from '@mainstay/service';

/** The least a service can be: it is there to see what the SDK itself costs. */
export default defineService({
  name: 'bench-idle',
  start() {
    const timer = setInterval(() => undefined, 60_000);
    return { stop: () => clearInterval(timer) };
  },
});
