import { defaultCompilerOptions } from './project/type-check.ts';

export interface TemplateInput {
  readonly name: string;
  readonly description: string;
  /** Version of the SDK to depend on; absent where none is published. */
  readonly sdkVersion: string | undefined;
}

/** The files of a new project by path. */
export function projectFiles(input: TemplateInput): Map<string, string> {
  return new Map([
    ['package.json', json(packageJson(input))],
    ['tsconfig.json', json({ compilerOptions: defaultCompilerOptions, include: ['src/**/*.ts'] })],
    ['src/main.ts', mainSource(input)],
    ['.gitignore', 'node_modules/\nout/\n'],
    ['README.md', readme(input)],
  ]);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function packageJson(input: TemplateInput): object {
  return {
    name: input.name,
    version: '0.1.0',
    private: true,
    description: input.description,
    type: 'module',
    mainstay: { entry: 'src/main.ts', displayName: input.name },
    ...(input.sdkVersion === undefined ? {} : { dependencies: { '@mainstay/service': input.sdkVersion } }),
  };
}

function mainSource({ name, description }: TemplateInput): string {
  return `import { createServer } from 'node:http';
import { defineService } from '@mainstay/service';

export default defineService({
  name: ${JSON.stringify(name)},
  displayName: ${JSON.stringify(name)},
  description: ${JSON.stringify(description)},

  /** Resolves when the service is up: from then on the service manager says "running". */
  async start(ctx) {
    const server = createServer((_request, response) => response.end('Hello\\n'));
    const port = Number(process.env['PORT'] ?? 8080);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
    ctx.log.info({ port }, 'Listening');

    return {
      /** Stop taking requests, finish those that run. */
      stop: () => new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    };
  },
});
`;
}

function readme({ name, description }: TemplateInput): string {
  return `# ${name}

${description}.

\`\`\`sh
mainstay build . --target linux-x64,win-x64 --out out
./out/${name}-linux-x64 run                # in the terminal; Ctrl-C stops it
sudo ./out/${name}-linux-x64 install       # as a service of the operating system
\`\`\`
`;
}
