import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceView } from '@mainstay/supervisor';
import { eventually } from '../../conformance/workspace.ts';
import { windowsExecutable } from '../executables.ts';
import { windowsNode } from '../node.ts';
import { Wine, type WineResult } from '../wine.ts';

/** More than all tests of one session take. */
const agentLifeMs = 10 * 60_000;

/** A Wine session with the built agent on its drive, and agents that come and go over one state directory. */
export class AgentSession implements AsyncDisposable {
  readonly wine: Wine;
  /** Unix path of the folder with mainstay.yaml; `C:\work` inside. */
  readonly folder: string;
  readonly #executable: string;
  readonly #node: string;
  #agent: Promise<WineResult> | undefined;

  private constructor(wine: Wine, node: string) {
    this.wine = wine;
    this.folder = join(wine.drive, 'work');
    this.#executable = join(wine.drive, 'mainstay.exe');
    this.#node = node;
  }

  static async start(): Promise<AgentSession> {
    const [agent, web, node] = await Promise.all([
      windowsExecutable('mainstay'),
      windowsExecutable('web'),
      windowsNode(),
    ]);
    const wine = await Wine.start();
    try {
      const session = new AgentSession(wine, node);
      await mkdir(session.folder);
      await copyFile(agent, session.#executable);
      await copyFile(web, join(session.folder, 'web.exe'));
      await copyFile(join(import.meta.dirname, 'plain.cjs'), join(session.folder, 'plain.cjs'));
      return session;
    } catch (error) {
      await wine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Node as a Windows path. */
  get node(): string {
    return this.wine.toWindows(this.#node);
  }

  /** What was started last has ended; what it said, for a message. */
  get #ended(): Promise<WineResult> {
    if (!this.#agent) throw new Error('No agent was started');
    return this.#agent;
  }

  /** Starts an agent as a plain process; resolves when its API may be asked. */
  async startAgent(): Promise<void> {
    const token = this.#inAgent('run/agent.token');
    const before = existsSync(token) ? await readFile(token, 'utf8') : '';
    let ended: WineResult | undefined;
    this.#agent = this.wine.run(this.#executable, ['run'], { env: this.#env, timeout: agentLifeMs });
    this.#agent.then((result) => (ended = result)).catch(() => undefined);
    await eventually('the token of a new agent', async () => {
      if (ended) throw new Error(`The agent ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
      return existsSync(token) && (await readFile(token, 'utf8')) !== before ? true : undefined;
    });
    await eventually('an agent that answers', async () =>
      (await this.run('ps')).code === 0 ? true : undefined,
    );
  }

  /** TerminateProcess, as the task manager does it. */
  async terminateAgent(): Promise<WineResult> {
    const { pid } = JSON.parse(await readFile(this.#inAgent('state/agent.lock'), 'utf8')) as { pid: number };
    await this.wine.run('taskkill.exe', ['/f', '/pid', String(pid)]);
    return this.#ended;
  }

  /** Runs a command of the executable, to the agent of this session. */
  run(...args: readonly string[]): Promise<WineResult> {
    return this.wine.run(this.#executable, args, { env: this.#env, cwd: this.folder });
  }

  /** The same, which has to succeed. @returns what it printed */
  async ask(...args: readonly string[]): Promise<string> {
    return outputOf(args, await this.run(...args));
  }

  /** The same, to the agent that is installed. */
  async asInstalled(...args: readonly string[]): Promise<string> {
    return outputOf(args, await this.wine.run(this.#executable, args, { cwd: this.folder }));
  }

  async service(name: string): Promise<ServiceView> {
    const views = JSON.parse(await this.ask('ps', '--json')) as ServiceView[];
    const found = views.find((view) => view.name === name);
    if (!found) throw new Error(`There is no service ${name}`);
    return found;
  }

  /** Processes of all services, once each has one. */
  async pidsOf(way: 'ask' | 'asInstalled'): Promise<readonly number[]> {
    return eventually('a process of each instance', async () => {
      const views = JSON.parse(await this[way]('ps', '--json')) as ServiceView[];
      const pids = views.flatMap(({ instances }) => instances.map(({ pid }) => pid));
      return pids.length > 0 && pids.every((pid) => pid !== undefined) ? pids : undefined;
    });
  }

  /** Writes mainstay.yaml, and has the agent carry it out. JSON is YAML. */
  async apply(manifest: object): Promise<string> {
    await writeFile(join(this.folder, 'mainstay.yaml'), JSON.stringify(manifest));
    return this.ask('apply', '--yes');
  }

  /** Which of these Windows processes run. */
  async living(pids: readonly number[]): Promise<readonly number[]> {
    const look =
      'const a = process.argv.slice(1).map(Number).filter((p) => { try { return process.kill(p, 0) } catch { return false } }); console.log(JSON.stringify(a))';
    const { stdout } = await this.wine.run(this.#node, ['-e', look, ...pids.map(String)]);
    return JSON.parse(stdout) as number[];
  }

  get #env(): Readonly<Record<string, string>> {
    return {
      MAINSTAY_STATE_DIRECTORY: 'C:\\agent\\state',
      MAINSTAY_RUNTIME_DIRECTORY: 'C:\\agent\\run',
      MAINSTAY_LOGS_DIRECTORY: 'C:\\agent\\logs',
      MAINSTAY_SOCKET: 'C:\\agent\\run',
    };
  }

  #inAgent(path: string): string {
    return join(this.wine.drive, 'agent', path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wine[Symbol.asyncDispose]();
    // It was ended by that.
    await this.#agent?.catch(() => undefined);
  }
}

function outputOf(args: readonly string[], { code, stdout, stderr }: WineResult): string {
  if (code === 0) return stdout;
  throw new Error(`mainstay ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
}
