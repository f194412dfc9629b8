import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadNpmSettings, parseNpmrc } from '../../src/runtime/npm-settings.ts';
import { temporaryFolder, writeFiles } from '../project-fixture.ts';

test('npmrc: comments, quotes, lists and variables', () => {
  const text =
    '; c\n# c\nregistry = "http://a/"\nca[]=one\nca[]=two\n//a/:_authToken=${TOKEN}\nbare\nnoproxy=${NONE?}\nx=${NONE}\n';
  assert.deepEqual(parseNpmrc(text, { TOKEN: 't=1' }), {
    registry: 'http://a/',
    ca: ['one', 'two'],
    '//a/:_authToken': 't=1',
    bare: 'true',
    noproxy: '',
    x: '${NONE}',
  });
});

test('environment over project over user over global', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, {
    global: 'registry=http://global/\nstrict-ssl=false\nhttps-proxy=http://global-proxy/\nfetch-retries=3\n',
    'home/.npmrc': 'registry=http://user/\n//user/:_authToken=abc\ncafile=' + join(folder, 'ca.pem') + '\n',
    'project/.npmrc': '@scope:registry=http://scope/\nregistry=http://project/\n',
    'ca.pem':
      '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nBB\n-----END CERTIFICATE-----\n',
  });
  const env = {
    npm_config_globalconfig: join(folder, 'global'),
    NPM_CONFIG_HTTPS_PROXY: 'http://env-proxy/',
  };
  const settings = await loadNpmSettings({
    projectFolder: join(folder, 'project'),
    homeFolder: join(folder, 'home'),
    env,
  });
  assert.equal(settings['registry'], 'http://project/');
  assert.equal(settings['@scope:registry'], 'http://scope/');
  assert.equal(settings['//user/:_authToken'], 'abc');
  assert.equal(settings['proxy'], 'http://env-proxy/');
  assert.equal(settings['strictSSL'], false);
  assert.equal(settings['fetchRetries'], 3);
  assert.equal((settings['ca'] as string[]).length, 2);
});
