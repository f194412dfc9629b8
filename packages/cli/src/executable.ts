// What the installed agent is built from: the agent's service, and on the same file the commands that talk to it, for a
// machine that has neither Node nor this repository.
import agent from '@mainstay/agent/service';
import { defineService } from '@mainstay/service';

export default defineService({
  ...agent,
  commandLine: async () => (await import('./executable-command-line.ts')).runExecutable,
});
