/** What one package may import, and the reason a reader gets when it imports something else. */
export interface Row {
  readonly mayImport: readonly string[];
  readonly because: string;
}

const composition = ['core', 'platform', 'service', 'build', 'supervisor', 'release', 'protocol'];

/** The table of docs/architecture.md. A package that is not in it fails the test. */
export const table: Readonly<Record<string, Row>> = {
  core: {
    mayImport: [],
    because: 'it is the vocabulary that all others share, so it can depend on none of them',
  },
  platform: { mayImport: ['core'], because: 'it holds what differs by operating system, and nothing else' },
  service: {
    mayImport: ['core', 'platform'],
    because: 'all it imports travels in every executable and costs start time',
  },
  build: {
    mayImport: ['core'],
    because: 'it runs on a build machine, for other platforms than that machine',
  },
  release: { mayImport: ['core'], because: 'whoever verifies a release must not need the rest' },
  supervisor: {
    mayImport: ['core', 'platform'],
    because: 'it must outlive what it supervises, so it stays small',
  },
  protocol: { mayImport: ['core'], because: 'agent and hub share it, whatever either of them is made of' },
  agent: { mayImport: composition, because: 'it composes supervisor, release and the link to the hub' },
  hub: {
    mayImport: ['core', 'protocol', 'release', 'service'],
    because: 'it never runs or builds services itself',
  },
  console: { mayImport: ['protocol'], because: 'it runs in a browser and knows the hub by its API alone' },
  cli: {
    mayImport: [...composition, 'agent', 'hub'],
    because: 'nothing but the console is beyond the command',
  },
  forecast: { mayImport: ['core', 'service'], because: 'it is a service like any other' },
  edge: { mayImport: ['core', 'service'], because: 'it is a service like any other' },
};
