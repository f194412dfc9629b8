import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { bundleProject } from '../../src/bundle/bundle.ts';
import { buildExecutables, hostTarget } from '../../src/index.ts';
import { loadProject } from '../../src/project/load-project.ts';
import { copyProject, temporaryFolder, writeFiles } from '../project-fixture.ts';
import { run } from '../run-executable.ts';

const manifest = '{ "name": "whole", "version": "1.0.0", "type": "module" }';

suite('a bundle', () => {
  test('with the real SDK is the same wherever the project lies, and is ASCII', async (t) => {
    const folder = await temporaryFolder(t);
    const bundles = [];
    for (const place of ['near', 'quite/some/way/off']) {
      const input = join(folder, place);
      await writeFiles(input, {
        'package.json': manifest,
        'main.ts': `import { defineService } from '@mainstay/service';
          export default defineService({ name: 'größe', start: async () => (await import('./late.ts')).handlers });`,
        'late.ts': 'export const handlers = { text: `ä${1}`, stop() {} };',
      });
      const project = await loadProject(join(input, 'main.ts'));
      bundles.push(await bundleProject({ project, sourceMap: true }));
    }
    assert.ok(isDeepStrictEqual(bundles[0], bundles[1]));
    const { loader = '', code = '' } = bundles[0] ?? {};
    assert.ok(/^[\0-\x7f]+$/.test(loader + code));
    assert.ok(
      code.includes('handlers') && code.includes('--dry-run'),
      'both the service and the commands are in it',
    );
  });

  test(
    'evaluates modules in their order, each once, and has positions that the source map knows',
    { skip: hostTarget() !== 'linux-x64' },
    async (t) => {
      const folder = await temporaryFolder(t);
      const input = await copyProject(folder);
      await writeFiles(input, {
        'src/main.ts': `
          import './first.ts';
          import { shared, count, bump } from './shared.ts';
          import * as sdk from '@mainstay/service';
          import needsSdk from 'needs-sdk';
          export async function probe(): Promise<Record<string, unknown>> {
            const late = await import('./late.ts');
            const before = count;
            bump();
            let missing: unknown;
            try { await import('node:' + 'nothing'); } catch (error) { missing = (error as { code: string }).code; }
            const { sep } = await import('node:path');
            return {
              order: shared, sameShared: late.shared === shared, live: [before, count],
              sameSdk: needsSdk === sdk.sdkMark, optional: late.optional, missing, sep,
              stack: late.failing().stack,
            };
          }`,
        'src/first.ts': `(globalThis as { order?: string[] }).order = [String.raw\`größe\`];`,
        'src/shared.ts': `
          export const shared = [...(globalThis as { order?: string[] }).order ?? [], 'shared'];
          export let count = 0;
          export const bump = (): void => { count += 1; };`,
        'src/late.ts': `
          export { shared } from './shared.ts';
          export { default as optional } from 'needs-optional';
          export function failing(): Error {
            return new Error('here');
          }`,
        'node_modules/needs-sdk/package.json': '{ "name": "needs-sdk", "main": "index.js" }',
        'node_modules/needs-sdk/index.js': `module.exports = require('@mainstay/service').sdkMark;`,
        'node_modules/needs-sdk/index.d.ts': 'declare const mark: object; export default mark;',
        'node_modules/needs-optional/package.json': '{ "name": "needs-optional", "main": "index.js" }',
        'node_modules/needs-optional/index.js': `try { require('not-installed'); } catch (error) { module.exports = error.code; }`,
        'node_modules/needs-optional/index.d.ts': 'declare const code: string; export default code;',
        'node_modules/@mainstay/service/index.ts':
          'export const sdkMark: object = {}; export const used = { größe: String.raw`ö` };',
      });
      const outputFolder = join(folder, 'out');
      await buildExecutables({ input, targets: ['linux-x64'], outputFolder, sourceMap: true });
      const { stdout, stderr } = await run(join(outputFolder, 'plain-linux-x64'), []);
      assert.equal(stderr, '');
      const { probe } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
        probe: Record<string, unknown>;
      };
      const { stack, ...facts } = probe;
      assert.deepEqual(facts, {
        order: ['größe', 'shared'],
        sameShared: true,
        live: [0, 1],
        sameSdk: true,
        optional: 'MODULE_NOT_FOUND',
        missing: 'MODULE_NOT_FOUND',
        sep: '/',
      });
      const [, line, column] = /program\.js:(\d+):(\d+)/.exec(String(stack)) ?? [];
      const text = await readFile(join(outputFolder, 'plain.js.map'), 'utf8');
      const origin = new SourceMap(JSON.parse(text) as SourceMapPayload).findOrigin(
        Number(line),
        Number(column),
      );
      assert.deepEqual(
        { ...origin, fileName: 'fileName' in origin && origin.fileName },
        { fileName: 'src/late.ts', lineNumber: 5, columnNumber: 20, name: undefined },
      );
    },
  );
});
