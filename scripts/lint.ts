// npm run lint -- PATH…: oxlint with the rules that need types.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
const extension = process.platform === 'win32' ? '.exe' : '';

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/oxlint/bin/oxlint'), '--type-aware', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      // It looks for its helper in node_modules/.bin, which .npmrc leaves out.
      OXLINT_TSGOLINT_PATH: require.resolve(
        `@oxlint-tsgolint/${process.platform}-${process.arch}/tsgolint${extension}`,
      ),
    },
  },
);
process.exitCode = status ?? 1;
