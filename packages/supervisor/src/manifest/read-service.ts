import { resolve } from 'node:path';

import { serviceNameProblem } from '@mainstay/core';

import { bounds } from './bounds.ts';
import { readDependsOn } from './read-depends-on.ts';
import { readEnv } from './read-env.ts';
import { defaultHealth, readHealth } from './read-health.ts';
import { noLimits, readLimits } from './read-limits.ts';
import { readListen } from './read-listen.ts';
import { defaultLogs, readLogs } from './read-logs.ts';
import { defaultRestart, readRestart } from './read-restart.ts';
import { defaultStop, readReload, readStop } from './read-stop.ts';
import type { ManifestSurroundings, ServiceDeclaration } from './types.ts';
import type { Value } from './value.ts';

/** A service as far as its text goes; files are looked at afterwards. */
export interface ServiceDraft {
  readonly declaration: ServiceDeclaration;
  /** Of `service:`, absolute; its program is not known yet. */
  readonly source: { readonly path: string; readonly value: Value } | undefined;
  readonly hasCwd: boolean;
  readonly envFiles: readonly { readonly path: string; readonly value: Value }[];
  /** The service itself, for problems of the whole. */
  readonly value: Value;
  /** By key: limits, dependsOn, … */
  readonly fields: ReadonlyMap<string, Value>;
}

export function readService(
  name: string,
  value: Value,
  { folder, platform, machine }: Pick<ManifestSurroundings, 'folder' | 'platform' | 'machine'>,
): ServiceDraft | undefined {
  checkName(name, value);
  const fields = value.fields();
  if (!fields) return undefined;
  const type = fields.has('service') || !fields.has('exec') ? 'service' : 'exec';
  let source: ServiceDraft['source'];
  let envFiles: ServiceDraft['envFiles'] = [];
  let exec: readonly [string, ...string[]] | undefined;
  let args: readonly string[] = [];
  let stop = defaultStop(type);
  let declaration = defaultsOf(name, type, folder);
  const set = (change: Partial<typeof declaration>): void => {
    declaration = { ...declaration, ...change };
  };
  value.block({
    service: (field) => {
      const text = field.text();
      if (text !== undefined) source = { path: resolve(folder, text), value: field };
    },
    exec: (field) => (exec = field.command()),
    args: (field) => (args = field.texts('[--verbose]', { mayBeEmpty: true }) ?? []),
    cwd: (field) => set({ cwd: resolve(folder, field.text() ?? '') }),
    env: (field) => set({ env: readEnv(field) }),
    envFile: (field) => {
      envFiles = field.oneOrMore().flatMap((item) => {
        const text = item.text();
        return text === undefined ? [] : [{ path: resolve(folder, text), value: item }];
      });
    },
    user: (field) => set({ user: field.text() }),
    runner: (field) => set({ runner: field.oneOf(['process', 'native']) ?? 'process' }),
    instances: (field) => set({ instances: field.integer(bounds.instances) ?? 1 }),
    listen: (field) => set({ listen: readListen(field) }),
    health: (field) => set({ health: readHealth(field, type) }),
    restart: (field) => set({ restart: readRestart(field, declaration.restart, platform) }),
    stop: (field) => (stop = readStop(field, stop, platform)),
    reload: (field) => (stop = { ...stop, ...readReload(field, platform) }),
    limits: (field) => set({ limits: readLimits(field, machine) }),
    logs: (field) => set({ logs: readLogs(field) }),
    dependsOn: (field) => set({ dependsOn: readDependsOn(field) }),
    autoStart: (field) => set({ autoStart: field.flag() ?? true }),
  });
  checkProgram(value, fields);
  const program: ServiceDeclaration['program'] =
    type === 'service'
      ? { type, command: '', args, source: source?.path ?? '' }
      : { type, command: exec?.[0] ?? '', args: exec?.slice(1) ?? [] };
  const whole = ordered({ ...declaration, program, stop });
  return { declaration: whole, source, hasCwd: fields.has('cwd'), envFiles, value, fields };
}

function defaultsOf(
  name: string,
  type: 'service' | 'exec',
  folder: string,
): Omit<ServiceDeclaration, 'program' | 'stop'> {
  return {
    name,
    cwd: folder,
    env: {},
    user: undefined,
    runner: 'process',
    instances: 1,
    listen: [],
    health: defaultHealth(type),
    restart: defaultRestart(type),
    limits: noLimits,
    logs: defaultLogs,
    dependsOn: [],
    autoStart: true,
  };
}

function checkName(name: string, value: Value): void {
  const problem = serviceNameProblem(name);
  if (problem !== undefined) value.refuseKey(`"${name}" cannot be the name of a service: ${problem}`);
}

function checkProgram(value: Value, fields: ReadonlyMap<string, Value>): void {
  if (fields.has('service') && fields.has('exec'))
    fields.get('exec')?.refuseKey(`${value.path} has "service" and "exec"; choose one`);
  else if (!fields.has('service') && !fields.has('exec'))
    value.refuseKey(
      `${value.path} needs "service", the folder, entry file or executable of a Mainstay service, or "exec", any other program as a list`,
    );
  else if (fields.has('exec') && fields.has('args'))
    fields.get('args')?.refuseKey(`${value.path}.args goes with "service"; put them into the list of exec`);
}

/** Keys in one order, so that manifests can be compared as JSON. */
function ordered(declaration: ServiceDeclaration): ServiceDeclaration {
  const { name, program, cwd, env, user, runner, instances, listen, health, restart } = declaration;
  const { stop, limits, logs, dependsOn, autoStart } = declaration;
  const first = { name, program, cwd, env, user, runner, instances, listen };
  return { ...first, health, restart, stop, limits, logs, dependsOn, autoStart };
}
