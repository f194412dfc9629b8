import { formatDuration } from '@mainstay/core';

import type { EndedRunView, Explanation, InstanceView } from '../supervisor/types.ts';
import { evidenceOf } from './evidence.ts';
import { causePhrase, conditionPhrases, endPhrase, exitPhrase, phasePhrases } from './phrases.ts';
import type { Explained, ExplainedDependency } from './types.ts';

/** Why an instance is as it is: one sentence, and its evidence. Pure. */
export function explain(of: Explained): Explanation {
  const { declaration, view } = of;
  return {
    service: declaration.name,
    instance: view.instance,
    sentence: sentenceOf(of),
    evidence: evidenceOf(of),
  };
}

function sentenceOf(of: Explained): string {
  const { declaration, view, now } = of;
  const id = `${declaration.name}/${view.instance}`;
  const { lastEnd } = view;
  switch (view.phase) {
    case 'blocked':
      return `${declaration.name} is waiting for ${of.unmet.map(dependencyPhrase).join('; and for ') || 'its turn'}`;
    case 'starting':
      return `${id} is starting${since(view)}: ${startingPhrase(of)}${restartClause(of)}`;
    case 'running':
      return runningSentence(of, id);
    case 'unready':
      return `${id} runs, and is not ready: ${probePhrase(view, 'readiness') ?? 'its readiness probe has not succeeded'}`;
    case 'stopping':
      return `${id} is being stopped${view.reason === undefined ? '' : ` because ${view.reason}`}`;
    case 'waiting':
      return `${id} is started again${inPhrase(view, now)} because ${lastEnd ? ending(of, lastEnd) : 'it has ended'} (run ${view.run})`;
    case 'stopped':
      return stoppedSentence(of, id);
    case 'completed':
      return `${id} has completed${agoPhrase(lastEnd, now)}: ${lastEnd ? ending(of, lastEnd) : 'it ended well'}, and its restart policy is ${declaration.restart.policy}`;
    case 'failed':
      return failedSentence(of, id);
    case 'parked':
      return parkedSentence(of, id);
  }
}

const ending = (of: Explained, end: EndedRunView): string => endPhrase(end, of.declaration, of.endDetail);

const since = (view: InstanceView): string =>
  view.uptimeMs === undefined ? '' : ` since ${formatDuration(view.uptimeMs)}`;

const agoPhrase = (end: EndedRunView | undefined, now: number): string =>
  end ? ` ${formatDuration(Math.max(0, now - end.at))} ago` : '';

const inPhrase = (view: InstanceView, now: number): string =>
  view.nextStartAt === undefined ? '' : ` in ${formatDuration(Math.max(0, view.nextStartAt - now))}`;

function dependencyPhrase({ service, condition, phases, reason }: ExplainedDependency): string {
  const worst = phases.find((phase) => phase !== 'running' && phase !== 'completed') ?? phases[0];
  const why = reason ?? (worst === undefined ? 'there is no such service' : phasePhrases[worst]);
  return `${service} ${conditionPhrases[condition]}: ${why}`;
}

/** What the latest probe of a kind said, when it failed. */
export function probePhrase(
  view: InstanceView,
  kind: 'startup' | 'readiness' | 'liveness',
): string | undefined {
  const probe = view.probes[kind];
  return probe && !probe.ok ? `its ${kind} probe says ${probe.detail}` : undefined;
}

function startingPhrase({ view, declaration }: Explained): string {
  const probe = probePhrase(view, 'startup') ?? probePhrase(view, 'readiness');
  if (probe !== undefined) return probe;
  const reports = declaration.program.type === 'service' && view.state !== 'running';
  return reports ? 'it has not said yet that it is running' : 'its probe has not answered yet';
}

const restartClause = (of: Explained): string => {
  const why = restartPhrase(of);
  return why === undefined ? '' : `; it was restarted ${why}`;
};

/** What follows "was restarted"; undefined for a first start. */
function restartPhrase(of: Explained): string | undefined {
  const { cause, declaration, view } = of;
  if (cause === undefined || cause === 'start' || cause === 'scale') return undefined;
  const known = causePhrase(cause, declaration);
  if (known !== undefined) return known;
  if (!view.lastEnd) return undefined;
  const retry = cause === 'parked-retry' ? 'after a crash loop, ' : '';
  return `${retry}because ${ending(of, view.lastEnd)}`;
}

function runningSentence(of: Explained, id: string): string {
  const { view, cause } = of;
  const duration = formatDuration(view.uptimeMs ?? 0);
  const why = restartPhrase(of);
  if (why !== undefined) {
    const verb = cause === 'manual' && view.restarts <= 1 && !view.lastEnd ? 'started' : 'restarted';
    return `${id} was ${verb} ${duration} ago ${why} (run ${view.run})`;
  }
  return `${id} has been running for ${duration}${firstStartClause(of)} (run ${view.run})`;
}

/** The runs before the first of this agent were an earlier one's. */
function firstStartClause({ cause, declaration, view }: Explained): string {
  if (cause === 'scale') return `, since ${declaration.name} was scaled up`;
  if (cause === undefined) return ', and was taken over from an earlier agent';
  return cause === 'start' && view.run > 1 && !view.lastEnd ? ', since the agent was started again' : '';
}

function stoppedSentence(of: Explained, id: string): string {
  const { declaration, view, isStoppedByHand } = of;
  if (isStoppedByHand) return `${id} was stopped by hand${agoPhrase(view.lastEnd, of.now)}`;
  if (view.lastEnd) return `${id} was stopped${agoPhrase(view.lastEnd, of.now)}`;
  return declaration.autoStart
    ? `${id} has not been started`
    : `${id} has not been started: it does not start with the agent (autoStart: false)`;
}

function failedSentence(of: Explained, id: string): string {
  const { declaration, view } = of;
  const { restart } = declaration;
  const end = view.lastEnd;
  if (!end) return `${id} has failed: ${view.reason ?? 'nothing more is known'}`;
  const isNever = end.exitCode !== undefined && restart.neverOn.includes(end.exitCode);
  const why = isNever
    ? `exit code ${end.exitCode} is one after which it is not (restart.neverOn)`
    : `its restart policy is ${restart.policy}`;
  return `${id} is not started again: ${ending(of, end)} (run ${end.run}), and ${why}`;
}

function parkedSentence(of: Explained, id: string): string {
  const { view, now, declaration } = of;
  const end = view.lastEnd;
  const retry =
    view.nextStartAt === undefined
      ? 'it is not tried again by itself'
      : `it is tried again${inPhrase(view, now)}`;
  const what =
    view.reason?.replace(/^Crash loop: /, '').replace(/, the last one (with|because) .*$/s, '') ??
    'too many starts';
  const last = !end
    ? ''
    : end.error !== undefined || end.outOfMemory || end.endedFor !== undefined
      ? `, the last time because ${ending(of, end)}`
      : `, the last one ended with ${exitPhrase(end, declaration)} after ${formatDuration(end.uptimeMs)}`;
  return `${id} is parked after a crash loop: ${what}${last}; ${retry}`;
}
