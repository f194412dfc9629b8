import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, writeFileAtomic } from '@mainstay/service';

export interface Ticks {
  readonly count: number;
  /** ISO 8601, UTC. */
  readonly lastAt: string | null;
}

/** The count, kept over restarts. Writes never overlap, and one that comes meanwhile replaces the one that waits. */
export class TickState {
  readonly #path: string;
  #ticks: Ticks;
  #saving: Promise<void> | undefined;
  #isSaved = true;

  private constructor(path: string, ticks: Ticks) {
    this.#path = path;
    this.#ticks = ticks;
  }

  static async open(directory: string): Promise<TickState> {
    await mkdir(directory, { recursive: true });
    const path = join(directory, 'ticks.json');
    return new TickState(path, await read(path));
  }

  get ticks(): Ticks {
    return this.#ticks;
  }

  /** Counts one tick; `save` makes it last. */
  add(at: Date): Ticks {
    this.#ticks = { count: this.#ticks.count + 1, lastAt: at.toISOString() };
    this.#isSaved = false;
    return this.#ticks;
  }

  /** Resolves when everything that was added is on disk. */
  save(): Promise<void> {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #write(): Promise<void> {
    while (!this.#isSaved) {
      this.#isSaved = true;
      try {
        await writeFileAtomic(this.#path, `${JSON.stringify(this.#ticks)}\n`);
      } catch (error) {
        this.#isSaved = false;
        throw error;
      }
    }
  }
}

async function read(path: string): Promise<Ticks> {
  try {
    const { count, lastAt } = JSON.parse(await readFile(path, 'utf8')) as Partial<Ticks>;
    if (typeof count === 'number' && Number.isSafeInteger(count)) return { count, lastAt: lastAt ?? null };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { count: 0, lastAt: null };
    throw new AppError('TICKS_UNREADABLE', `Cannot read ${path}; restore it, or move it away`, { cause });
  }
  throw new AppError('TICKS_UNREADABLE', `There is no count in ${path}; restore it, or move it away`);
}
