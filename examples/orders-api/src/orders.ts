import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@mainstay/service';
import { Journal } from './journal.ts';
import { type NewOrder, type Order, orderSchema } from './order.ts';

/** Newest orders that are kept in memory for the list; older ones are in the journals only. */
const keptOrders = 1_000;
/** How much of a journal is read at once. */
const chunkBytes = 64 * 1024;

export interface OrdersPage {
  /** Orders of all instances since the first start. */
  readonly total: number;
  /** Newest first. */
  readonly orders: readonly Order[];
}

/**
 * The orders of all instances. Each instance appends to a journal of its own, so that no two processes ever write to one
 * file; to list, each also reads what the others have appended since it last looked.
 */
export class Orders {
  readonly journal: Journal;
  readonly #directory: string;
  readonly #offsets = new Map<string, number>();
  #recent: Order[] = [];
  #total = 0;
  #reading: Promise<void> | undefined;

  private constructor(directory: string, journal: Journal) {
    this.#directory = directory;
    this.journal = journal;
  }

  static async open(
    directory: string,
    instance: number,
  ): Promise<{ readonly orders: Orders; readonly repairedBytes: number }> {
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const path = join(directory, `orders-${instance}.jsonl`);
    const { journal, repairedBytes } = await Journal.open(path);
    await syncDirectory(directory);
    const orders = new Orders(directory, journal);
    await orders.#readOn();
    return { orders, repairedBytes };
  }

  /** Resolves when the order is on disk. Throws what the journal throws. */
  async accept(order: NewOrder): Promise<Order> {
    const accepted: Order = {
      id: crypto.randomUUID(),
      acceptedAt: new Date().toISOString(),
      ...order,
    };
    await this.journal.append(accepted);
    return accepted;
  }

  async list(limit: number): Promise<OrdersPage> {
    await this.#readOn();
    return { total: this.#total, orders: this.#recent.slice(0, limit) };
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  /** One at a time: two would count the same lines twice. */
  #readOn(): Promise<void> {
    this.#reading ??= this.#readJournals().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readJournals(): Promise<void> {
    const names = await readdir(this.#directory);
    const added: Order[] = [];
    for (const name of names.filter((name) => /^orders-\d+\.jsonl$/.test(name))) {
      for await (const order of this.#newIn(name)) added.push(order);
      // A first start over a big journal must not hold it all.
      if (added.length > 10 * keptOrders) this.#keep(added.splice(0));
    }
    this.#keep(added);
  }

  async *#newIn(name: string): AsyncGenerator<Order> {
    const path = join(this.#directory, name);
    const file = await open(path, 'r');
    try {
      let offset = this.#offsets.get(name) ?? 0;
      // Of our own only what has been acknowledged: a batch that fails is taken back.
      const until = path === this.journal.path ? this.journal.length : Infinity;
      for await (const { line, end } of completeLines(file, offset)) {
        if (end > until) return;
        yield parseOrder(line, path, offset);
        this.#total += 1;
        offset = end;
        this.#offsets.set(name, offset);
      }
    } finally {
      await file.close();
    }
  }

  #keep(added: readonly Order[]): void {
    if (added.length === 0) return;
    this.#recent = [...added, ...this.#recent]
      .sort((a, b) => (a.acceptedAt < b.acceptedAt ? 1 : -1))
      .slice(0, keptOrders);
  }
}

/** Lines with their line feed; what comes after the last one is still being written. */
async function* completeLines(
  file: Awaited<ReturnType<typeof open>>,
  from: number,
): AsyncGenerator<{ readonly line: string; readonly end: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let position = from;
  for (;;) {
    const { bytesRead, buffer } = await file.read(
      Buffer.allocUnsafe(chunkBytes),
      0,
      chunkBytes,
      position + rest.length,
    );
    if (bytesRead === 0) return;
    rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let begin = 0;
    for (let feed = rest.indexOf(0x0a); feed !== -1; feed = rest.indexOf(0x0a, begin)) {
      const end = position + feed + 1;
      yield { line: rest.toString('utf8', begin, feed), end };
      begin = feed + 1;
    }
    rest = rest.subarray(begin);
    position += begin;
  }
}

/** A journal that cannot be read is not skipped over: somebody's orders are in it. */
function parseOrder(line: string, path: string, offset: number): Order {
  try {
    return orderSchema.parse(JSON.parse(line));
  } catch (cause) {
    const message = `${path} holds something that is no order at byte ${offset}; restore it, or move it away`;
    throw new AppError('JOURNAL_CORRUPT', message, { cause, details: { path, offset } });
  }
}

/** A new file's name is on disk only once its directory is. Windows has no such call, and needs none (NTFS journals it). */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  await handle.sync();
  await handle.close();
}
