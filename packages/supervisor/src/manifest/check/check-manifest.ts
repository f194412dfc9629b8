import type { LimitName, RunnerCapabilities } from '../../runner/types.ts';
import type {
  Manifest,
  ManifestPosition,
  ManifestPositions,
  ManifestProblem,
  ResourceLimits,
  RunnerKind,
  ServiceDeclaration,
} from '../types.ts';

/** What is asked of the machine. Each answer undefined: nothing is wrong; else what is, for people. */
export interface HostFacts {
  /** A path, or a name on the PATH of `env`. */
  commandProblem(
    command: string,
    at: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ): Promise<string | undefined>;
  folderProblem(path: string): Promise<string | undefined>;
  /** Of a folder that is there or would be made. */
  writeProblem(path: string): Promise<string | undefined>;
  portProblem(address: { readonly host: string; readonly port: number }): Promise<string | undefined>;
  userProblem(name: string): Promise<string | undefined>;
  /** Why there is no such runner here; missing: not asked. */
  runnerProblem?(kind: RunnerKind): string | undefined;
  /** Undefined: not known here, so nothing is held against it. */
  capabilities(kind: RunnerKind): RunnerCapabilities | undefined;
}

type Tell = (path: string, message: string) => void;

/** What this machine cannot do of a manifest that is right in itself; empty when it can do all. In the order of the file. */
export async function checkManifest(
  manifest: Manifest,
  positions: ManifestPositions,
  facts: HostFacts,
): Promise<readonly ManifestProblem[]> {
  const problems: ManifestProblem[] = [];
  const tell: Tell = (path, message) =>
    problems.push({ ...placeOf(positions, path), message: `${path} ${message}` });
  const ask = async (path: string, answer: Promise<string | undefined>): Promise<void> => {
    const message = await answer;
    if (message !== undefined) tell(path, message);
  };
  await Promise.all(manifest.services.map((service) => checkService(service, facts, tell, ask)));
  if (manifest.metrics.listen) await ask('metrics.listen', facts.portProblem(manifest.metrics.listen));
  if (manifest.logs.directory !== undefined)
    await ask('logs.directory', facts.writeProblem(manifest.logs.directory));
  for (const [index, target] of manifest.alerts.targets.entries())
    if (target.type === 'command') {
      const at = { cwd: '.', env: {} };
      await ask(`alerts.to.${index}.command`, facts.commandProblem(target.command[0] ?? '', at));
    }
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

async function checkService(
  service: ServiceDeclaration,
  facts: HostFacts,
  tell: Tell,
  ask: (path: string, answer: Promise<string | undefined>) => Promise<void>,
): Promise<void> {
  const where = `services.${service.name}`;
  const { program, cwd, env, user, listen, stop, health, runner } = service;
  const folder = await facts.folderProblem(cwd);
  if (folder !== undefined) tell(`${where}.cwd`, folder);
  await ask(`${where}.${program.type}`, facts.commandProblem(program.command, { cwd, env }));
  if (stop.by.type === 'command')
    await ask(`${where}.stop.command`, facts.commandProblem(stop.by.command[0] ?? '', { cwd, env }));
  for (const kind of ['startup', 'readiness', 'liveness'] as const) {
    const target = health[kind]?.target;
    if (target?.type === 'exec')
      await ask(`${where}.health.${kind}.exec`, facts.commandProblem(target.command[0] ?? '', { cwd, env }));
  }
  for (const socket of listen) {
    // One without a name in the file is called after its port, which is no key there.
    const key = socket.name === String(socket.port) ? '' : `.${socket.name}`;
    await ask(`${where}.listen${key}`, facts.portProblem(socket));
  }
  if (user !== undefined) await ask(`${where}.user`, facts.userProblem(user));
  const noRunner = facts.runnerProblem?.(runner);
  if (noRunner !== undefined) tell(`${where}.runner`, `cannot be ${runner} here: ${noRunner}`);
  const can = facts.capabilities(runner);
  if (can) checkCapabilities(service, can, (path, message) => tell(`${where}.${path}`, message));
}

/** The limits that a service asks for, by the runner's names for them. */
const limitKeys: Readonly<Record<Exclude<LimitName, 'priority.high'>, keyof ResourceLimits>> = {
  'memory.soft': 'memorySoftBytes',
  'memory.hard': 'memoryHardBytes',
  cpu: 'cpuPercent',
  processes: 'processes',
  openFiles: 'openFiles',
  priority: 'priority',
};

function checkCapabilities(
  { limits, stop, listen, user, runner }: ServiceDeclaration,
  can: RunnerCapabilities,
  tell: Tell,
): void {
  for (const [name, key] of Object.entries(limitKeys) as [keyof typeof limitKeys, keyof ResourceLimits][]) {
    const why = can.unheldLimits[name];
    if (limits[key] !== undefined && why !== undefined) tell(`limits.${name}`, `cannot be held here: ${why}`);
  }
  const whyNotHigh = can.unheldLimits['priority.high'];
  if (limits.priority === 'high' && whyNotHigh !== undefined)
    tell('limits.priority', `cannot be high here: ${whyNotHigh}`);
  const why = can.unavailableStops[stop.by.type];
  if (why !== undefined) tell('stop', `cannot be done here: ${why}`);
  if (listen.length > 0 && !can.passesSockets)
    tell('listen', `cannot be done by the ${runner} runner, which passes no sockets`);
  if (user !== undefined && !can.changesUser)
    tell('user', `cannot be done by this agent, which may not run programs as somebody else`);
}

/** Where a path was read, or the nearest above it: a default, or a shorter way to write it. */
function placeOf(positions: ManifestPositions, path: string): ManifestPosition {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const place = positions.get(at);
    if (place) return place;
  }
  return { line: 1, column: 1 };
}
