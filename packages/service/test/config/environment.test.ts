import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import { formatProblem } from '../../src/config/format.ts';
import { anyConfig } from '../../src/config/json-schema.ts';
import { formatKey, parseKey } from '../../src/config/key-path.ts';
import { envName, envPrefix } from '../../src/config/key-names.ts';
import { parseConfigFlags } from '../../src/config/sources/flags.ts';
import { fails, loads } from './fixture.ts';

const schema = z.object({
  http: z.object({ maxBodySize: z.number(), 'idle-timeout': z.string() }).partial().optional(),
  max_size: z.number().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  servers: z.array(z.object({ url: z.string(), weight: z.number().default(1) })).optional(),
});

describe('environment variables', () => {
  it('has a prefix made of the name', () => {
    assert.equal(envPrefix('orders-api'), 'ORDERS_API');
    assert.equal(envPrefix('OrdersApi'), 'ORDERS_API');
    assert.equal(envPrefix('my.service'), 'MY_SERVICE');
    assert.equal(envName('orders-api', ['http', 'maxBodySize']), 'ORDERS_API_HTTP__MAX_BODY_SIZE');
  });

  it("finds the schema's spelling of a key", async () => {
    const env = {
      ORDERS_API_HTTP__MAX_BODY_SIZE: '1',
      ORDERS_API_HTTP__IDLE_TIMEOUT: '5s',
      orders_api_maxSize: '2',
      ORDERS_API_LABELS__TEAM_NAME: 'x',
      ORDERS: 'other',
      OTHER_API_PORT: '1',
    };
    assert.deepEqual((await loads({ schema, env })).value, {
      http: { maxBodySize: 1, 'idle-timeout': '5s' },
      max_size: 2,
      labels: { teamName: 'x' },
    });
  });

  it('finds the spelling of the layers below, for a schema that cannot tell its keys', async () => {
    const config = await loads({
      schema: anyConfig,
      defaults: { 'a-b': { c_d: 1 } },
      env: { ORDERS_API_A_B__C_D: '2' },
    });
    assert.deepEqual(config.value, { 'a-b': { c_d: 2 } });
  });

  it('the name that envName gives reaches every key of the schema', async () => {
    const config = await loads({ schema, env: { [envName('orders-api', ['http', 'idle-timeout'])]: '1s' } });
    assert.deepEqual(config.value.http, { 'idle-timeout': '1s' });
  });

  it('changes items of a list, adds one, and makes a list', async () => {
    const defaults = { servers: [{ url: 'a' }, { url: 'b' }] };
    const env = { ORDERS_API_SERVERS__0__WEIGHT: '5', ORDERS_API_SERVERS__2__URL: 'c' };
    assert.deepEqual((await loads({ schema, defaults, env })).value.servers, [
      { url: 'a', weight: 5 },
      { url: 'b', weight: 1 },
      { url: 'c', weight: 1 },
    ]);
    const made = await loads({ schema, set: ['servers.0.url=x', 'servers.1.url=y'] });
    assert.deepEqual(made.value.servers, [
      { url: 'x', weight: 1 },
      { url: 'y', weight: 1 },
    ]);
    await fails({ schema, set: ['servers.1.url=y'] });
  });

  it('warns of a variable that matches nothing, and starts', async () => {
    const { value, warnings } = await loads({
      schema,
      env: { ORDERS_API_MAX_SIZ: '1', ORDERS_API_ZZZ: '1' },
    });
    assert.deepEqual(value, {});
    assert.deepEqual(warnings.map(formatProblem), [
      'environment variable ORDERS_API_MAX_SIZ: Matches no key of the configuration and is ignored; did you mean max_size?',
      'environment variable ORDERS_API_ZZZ: Matches no key of the configuration and is ignored; correct its name or remove it',
    ]);
  });

  it('refuses two variables for one key', async () => {
    const { problems } = await fails({ schema, env: { ORDERS_API_MAX_SIZE: '1', ORDERS_API_MAXSIZE: '2' } });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['CONFIG_VARIABLE_CONFLICT'],
    );
  });

  it('is not misled by the service links of Kubernetes', async () => {
    const env = {
      ORDERS_API_SERVICE_HOST: '10.0.0.1',
      ORDERS_API_SERVICE_PORT: '80',
      ORDERS_API_SERVICE_PORT_HTTP: '80',
      ORDERS_API_PORT: 'tcp://10.0.0.1:80',
      ORDERS_API_PORT_80_TCP: 'tcp://10.0.0.1:80',
      ORDERS_API_PORT_80_TCP_PROTO: 'tcp',
      ORDERS_API_PORT_80_TCP_PORT: '80',
      ORDERS_API_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    const config = await loads({ schema: anyConfig, defaults: { port: 1 }, env });
    assert.deepEqual([config.value, config.warnings], [{ port: 1 }, []]);
    assert.deepEqual((await loads({ schema: anyConfig, env: { ORDERS_API_PORT: '2' } })).value, { port: 2 });
  });

  it('ENV_NAME is not a key of a service that is called env', async () => {
    const { value } = await loads({
      schema: anyConfig,
      serviceName: 'env',
      env: { ENV_NAME: 'x', ENV_PORT: '1' },
    });
    assert.deepEqual(value, { port: 1 });
  });
});

describe('flags', () => {
  it('sets nested and quoted keys; the value may be empty and hold =', async () => {
    const set = ['a.b=1', 'a."x.y"=2', 'c==', 'd=', 'a.b=3'];
    assert.deepEqual((await loads({ schema: anyConfig, set })).value, {
      a: { b: 3, 'x.y': 2 },
      c: '=',
      d: '',
    });
  });

  it('are taken out of the arguments', () => {
    assert.deepEqual(
      parseConfigFlags(['run', '--set', 'a=1', '--config=f.yaml', '-v', '--set=b=2', '--', '--set', 'c=3']),
      {
        file: 'f.yaml',
        set: ['a=1', 'b=2'],
        rest: ['run', '-v', '--', '--set', 'c=3'],
        problems: [],
      },
    );
    assert.deepEqual(parseConfigFlags(['--settle', '--set']).problems.map(formatProblem), [
      '--set: Needs key.path=value after it',
    ]);
  });

  it('refuses what is not key=value, without showing it', async () => {
    for (const flag of ['', '=', 'a', 'hunter2', '.a=1', 'a.=1', 'a..b=1', '"a=1', 'a b=1', 'a"b"=1']) {
      const { problems } = await fails({ schema: anyConfig, set: [flag] });
      assert.deepEqual(
        problems.map(({ code }) => code),
        ['CONFIG_FLAG'],
        flag,
      );
      assert.ok(!JSON.stringify(problems).includes('hunter2'));
    }
  });

  it('parseKey reads what formatKey writes', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (path) => {
        assert.deepEqual(parseKey(formatKey(path)), path);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const path = parseKey(text);
        if (path) assert.deepEqual(parseKey(formatKey(path)), path);
      }),
    );
  });
});
