/**
 * What holds a tree of processes together: a cgroup, a job object, and where there is neither the process group plus
 * a mark in the environment. Used by the supervisor's process runner.
 */
export interface Containment {
  readonly kind: 'cgroup-v2' | 'cgroup-v1' | 'job-object' | 'process-group';
  /** For each limit that cannot be held here: why, for people. */
  readonly unheldLimits: Readonly<Partial<Record<ContainedLimit, string>>>;
  /** Undefined when programs can run as other users; else why not, for people. */
  readonly noOtherUsers: string | undefined;
  /** Where output pipes have to be so that the guardian saves what is in them; undefined where there are none. */
  readonly pipesDirectory?: string;
  /** Makes the container of one tree, empty. Its name is unique among the living; an old one of that name is ended. */
  create(name: string, limits: ContainmentLimits): Promise<Container> | Container;
  /** Ends everything, also what an earlier agent of the same name left behind, and the guardian. */
  close(): Promise<void>;
}

export type ContainedLimit =
  | 'memory.hard'
  | 'memory.soft'
  | 'cpu'
  | 'processes'
  | 'openFiles'
  | 'priority'
  /** The value `high` of it, which takes more privilege than the others. */
  | 'priority.high';

export interface ContainmentLimits {
  readonly memoryHardBytes: number | undefined;
  readonly memorySoftBytes: number | undefined;
  readonly cpuPercent: number | undefined;
  readonly processes: number | undefined;
  readonly openFiles: number | undefined;
  readonly priority: 'idle' | 'low' | 'normal' | 'high' | undefined;
}

export interface Container {
  /**
   * How to start a program inside: the command to spawn in place of the program. On Linux this is a line of `sh` that
   * enters the cgroups, sets rlimits and priority, and becomes the program by `exec`, so that its pid is the program's
   * and nothing it does happens outside.
   */
  launch(program: {
    readonly command: string;
    readonly args: readonly string[];
    readonly user: string | undefined;
    /** LISTEN_PID is to be the program's own (sd_listen_fds(3)). @default false */
    readonly setsListenPid?: boolean;
  }): {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /**
   * To be called with the process right after its start: on Windows it is put in from outside. Processor time counts
   * from here on, so that a container can serve one run after the other.
   */
  adopt(pid: number): void;
  /** Changes the limits of what runs. */
  setLimits(limits: ContainmentLimits): void;
  /** Ends all processes at once, also those that fork meanwhile. Resolves when none is left. */
  kill(): Promise<void>;
  isEmpty(): boolean;
  /** Somebody outside has removed it while it was empty; nothing can be started in it. Missing where nobody can. */
  isGone?(): boolean;
  /** Undefined when it is empty. */
  usage(): { readonly cpuMs: number; readonly memoryBytes: number; readonly processes: number } | undefined;
  /** Times that the kernel killed a process of it for its memory. */
  outOfMemoryKills(): number;
  /** Removes the empty container. */
  remove(): void;
}
