// What the installed agent is built from: the agent's service, and on the same file the commands that talk to it, for a
// machine that has neither Node nor this repository. The commands are imported by this package's name: the builder makes
// one chunk of an entry's own files, and all that they import would be loaded, and kept, by the agent.
import agent from '@mainstay/agent/service';
import { defineService } from '@mainstay/service';

export default defineService({
  ...agent,
  commandLine: async () => (await import('@mainstay/cli/executable-commands')).runExecutable,
});
