import { Option, type Command } from 'commander';

import type { CliContext } from '../context.ts';
import { countOption, durationOption, sinceOption } from './options.ts';
import { adder, type Add, type Done } from './program.ts';

/** What is asked of a running agent about its services. */
export function addServiceCommands(context: CliContext, add: Add, done: Done): void {
  addLooks(context, add, done);
  addActions(context, add, done);
}

/** Which agent, and how the answer is printed. */
export function withAgent(command: Command): Command {
  return command
    .option('--socket <path>', "the agent's socket (default: the nearest .mainstay, or the installed agent)")
    .option('--json', 'print JSON');
}

function addLooks(context: CliContext, add: Add, done: Done): void {
  withAgent(add('ps', 'List the services of the agent, and how they are', ['ps', 'ps orders', 'ps --json']))
    .argument('[services...]', 'only these')
    .action(async (names: string[], options) =>
      done(await (await import('../commands/services/ps.ts')).ps(context, names, options)),
    );
  withAgent(add('describe', 'Show everything that is known of a service', ['describe orders']))
    .argument('<service>')
    .action(async (name: string, options) =>
      done(await (await import('../commands/services/describe.ts')).describe(context, name, options)),
    );
  withAgent(
    add('why', 'Say in a sentence why a service is as it is, with the evidence', [
      'why orders',
      'why orders/1',
    ]),
  )
    .argument('<service>')
    .action(async (name: string, options) =>
      done(await (await import('../commands/services/why.ts')).why(context, name, options)),
    );
  withAgent(
    add('logs', 'Show what services wrote, of all instances and runs', [
      'logs -f',
      'logs orders --since 10m',
      'logs orders/1 -n 1000 --raw',
    ]),
  )
    .argument('[services...]', 'only these')
    .option('-f, --follow', 'go on with what they write from now on')
    .option('-n, --lines <count>', 'lines from the past', countOption(999_999_999), 100)
    .option('--instance <number>', 'only this instance', countOption(999))
    .option('--since <time>', 'a date, or a duration before now', sinceOption)
    .option('--raw', 'print the lines as they were written')
    .action(async (names: string[], options) =>
      done(await (await import('../commands/services/logs.ts')).logs(context, names, options)),
    );
  withAgent(
    add('events', 'Follow what happens to services, until Ctrl-C', ['events', 'events orders --json']),
  )
    .argument('[services...]', 'only these')
    .action(async (names: string[], options) =>
      done(await (await import('../commands/services/events.ts')).events(context, names, options)),
    );
  withAgent(
    add('metrics', 'Print the metrics as Prometheus reads them', ['metrics', 'metrics --json']),
  ).action(async (options) =>
    done(await (await import('../commands/services/metrics.ts')).metrics(context, options)),
  );
  withAgent(
    add('top', 'Watch processor, memory and state of the services', [
      'top',
      'top --sort memory',
      'top --json --count 5',
    ]),
  )
    .option('--interval <time>', 'between two looks (default: 2s)', durationOption(200))
    .addOption(
      new Option('--sort <column>', 'order of the rows')
        .choices(['cpu', 'memory', 'restarts', 'name'])
        .default('cpu'),
    )
    .option('--count <number>', 'end after so many looks', countOption(999_999_999))
    .action(async (options) =>
      done(await (await import('../commands/services/top.ts')).top(context, options)),
    );
}

const actionSummaries = {
  start: 'Start services, also those that were parked or stopped by hand',
  stop: 'Stop services; they stay stopped until they are started',
  restart: 'Stop services and start them again',
  reload:
    'Replace the instances one after the other, dropping no request; or have the service read its configuration again',
} as const;

function addActions(context: CliContext, add: Add, done: Done): void {
  for (const action of ['start', 'stop', 'restart', 'reload'] as const)
    withAgent(add(action, actionSummaries[action], [`${action} orders`, `${action} --all`]))
      .argument('[services...]')
      .option('--all', 'all services')
      .action(async (names: string[], options) =>
        done(await (await import('../commands/services/act.ts')).act(context, action, names, options)),
      );
  const alerts = add('alerts', 'Send a test alert to every target, and say whether it arrived', [
    'alerts test',
  ]).usage('<command> [options]');
  withAgent(
    adder(alerts, 'mainstay alerts')('test', 'Send a test alert to every target of the manifest', [
      'test',
      'test --json',
    ]),
  ).action(async (options) =>
    done(await (await import('../commands/services/alerts.ts')).testAlerts(context, options)),
  );
  withAgent(
    add('scale', 'Change how many instances of a service run, until its manifest changes the number', [
      'scale orders 4',
    ]),
  )
    .argument('<service>')
    .argument('<instances>', 'how many', countOption(1000))
    .action(async (name: string, instances: number, options) =>
      done(await (await import('../commands/services/scale.ts')).scale(context, name, instances, options)),
    );
  withAgent(
    add(
      'apply',
      'Make the agent run what mainstay.yaml says; shows what will change, and restarts only that',
      ['apply', 'apply --dry-run', 'apply -f production.yaml --yes'],
    ),
  )
    .option('-f, --file <file>', 'manifest', 'mainstay.yaml')
    .option('--dry-run', 'only show what would change; exit code 0 when nothing would')
    .option('-y, --yes', 'do not ask')
    .action(async (options) =>
      done(await (await import('../commands/services/apply.ts')).apply(context, options)),
    );
}
