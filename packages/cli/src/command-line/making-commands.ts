import type { CliContext } from '../context.ts';
import type { Add, Done } from './program.ts';

/** What makes services. */
export function addMaking(context: CliContext, add: Add, done: Done): void {
  add('build', 'Build one executable per target from a service', [
    'build examples/orders-api',
    'build . --target linux-x64,win-x64 --out dist',
    'build . --target linux-x64 --image',
    'build . --target win-x64 --icon app.ico --sign "osslsigncode sign -in {file} -out {output}"',
  ])
    .argument('[entry]', 'entry file or folder of the service', '.')
    .option('-t, --target <targets>', 'platforms, with commas (default: this machine)', collect)
    .option('-o, --out <directory>', 'where the executables go', 'out')
    .option('--name <name>', 'name of the service and of the files (default: from package.json)')
    .option('--icon <file>', 'an .ico file for the Windows executables')
    .option('--sign <command>', 'signs each finished Windows executable: {file} is its path')
    .option('--image', 'also make a container image (OCI archive) for each Linux target')
    .option('--image-root <directory>', "file system that the image's shared libraries are from (default: /)")
    .option('--image-base <layout>', 'OCI image layout that the image is built on')
    .option('--source-map', 'write a source map beside the executables')
    .option('--no-type-check', 'do not have TypeScript check the service first')
    .option('--no-commit', 'do not record the Git commit')
    .option('--cache <directory>', 'where downloaded runtimes are kept')
    .option('--json', 'print the manifest as JSON')
    .action(async (entry: string, options) =>
      done(await (await import('../commands/build.ts')).build(context, entry, options)),
    );
  add('import', 'Make a mainstay.yaml from what pm2, WinSW or systemd run', [
    'import ecosystem.config.js',
    'import orders.service worker.service -o mainstay.yaml',
    'import OrdersApi.xml --from winsw',
  ])
    .argument('<files...>', "pm2's ecosystem file, WinSW's XML, systemd's units")
    .option('--from <kind>', 'what the files are of: pm2, winsw or systemd (default: seen from the file)')
    .option('--env <name>', "of pm2's file: use its env_<name> too")
    .option('-o, --out <file>', 'manifest to write', 'mainstay.yaml')
    .option('--stdout', 'print the manifest in place of writing it')
    .option('--force', 'replace a manifest that is there')
    .option('--json', 'print JSON')
    .action(async (files: string[], options) =>
      done(await (await import('../commands/import.ts')).importServices(context, files, options)),
    );
  add('init', 'Make a new service project that builds', ['init my-service'])
    .argument('<name>', 'name of the service and of its folder')
    .option('--description <text>', 'one sentence about it')
    .option('--json', 'print JSON')
    .action(async (name: string, options) =>
      done(await (await import('../commands/init.ts')).init(context, name, options)),
    );
}

function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), ...text.split(',').filter((part) => part.trim() !== '')];
}
