import type { BuildEvent, BuildStep } from '@mainstay/build';
import { formatDuration, formatSize } from '@mainstay/core';
import { ProgressLine, truncate, type TextStream } from '@mainstay/service/terminal';

const names: Readonly<Record<BuildStep, string>> = {
  'type-check': 'Checking types',
  bundle: 'Bundling',
  runtimes: 'Getting runtimes',
  executable: 'Making the executable',
  sign: 'Signing',
  image: 'Making the image',
  publish: 'Writing',
};

const barWidth = 24;

/** Shows a build: a bar or a spinner for what is under way on a terminal, and a line for each step that has ended. */
export class BuildProgressView {
  readonly #stream: TextStream;
  readonly #quiet: boolean;
  readonly #line: ProgressLine;
  readonly #running = new Map<string, string>();
  readonly #downloads = new Map<string, { received: number; total: number | undefined }>();

  constructor(stream: TextStream, options: { readonly now: () => number; readonly quiet: boolean }) {
    this.#stream = stream;
    this.#quiet = options.quiet;
    this.#line = new ProgressLine(stream, options);
  }

  show(event: BuildEvent): void {
    if (this.#quiet) return;
    switch (event.type) {
      case 'step-started':
        this.#running.set(keyOf(event), titleOf(event));
        break;
      case 'step-finished':
        this.#running.delete(keyOf(event));
        this.#print(`${titleOf(event)}: ${formatDuration(event.milliseconds)}`);
        break;
      case 'download-progress':
        this.#downloads.set(event.package, { received: event.receivedBytes, total: event.totalBytes });
        break;
      case 'runtime-ready':
        this.#downloads.delete(event.package);
        this.#print(`${event.package}: ${event.source}`);
        break;
      case 'warning':
        this.#print(`${this.#stream.style.yellow('Warning:')} ${event.message}`);
        break;
      case 'executable-finished':
        this.#print(`${event.file}: ${formatSize(event.bytes)}`);
        break;
    }
    this.#draw();
  }

  end(): void {
    this.#line.end();
  }

  #print(text: string): void {
    this.#line.end();
    this.#stream.write(`${text}\n`);
  }

  /** In a pipe only what has ended is of interest. */
  #draw(): void {
    if (!this.#stream.isTTY) return;
    const downloads = [...this.#downloads.values()];
    const text = [...this.#running.values()].join(', ');
    if (downloads.length > 0) this.#line.update(`${bar(downloads)} ${text}`);
    else if (text !== '') this.#line.update(truncate(text, this.#stream.columns - 12));
  }
}

function bar(downloads: readonly { received: number; total: number | undefined }[]): string {
  const received = downloads.reduce((sum, download) => sum + download.received, 0);
  const total = downloads.reduce((sum, download) => sum + (download.total ?? 0), 0);
  if (total === 0) return formatSize(received);
  const filled = Math.min(barWidth, Math.round((received / total) * barWidth));
  return `[${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}] ${formatSize(received)} of ${formatSize(total)}`;
}

type StepEvent = Extract<BuildEvent, { readonly step: BuildStep }>;

const keyOf = (event: StepEvent): string => `${event.step} ${event.target ?? ''}`;

const titleOf = (event: StepEvent): string =>
  event.target === undefined ? names[event.step] : `${names[event.step]} for ${event.target}`;
