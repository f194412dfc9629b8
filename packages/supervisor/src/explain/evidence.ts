import { formatDuration, formatSize } from '@mainstay/core';

import type { ResourceLimits } from '../manifest/types.ts';
import type { Explanation, InstanceView } from '../supervisor/types.ts';
import { ownEndPhrase } from './phrases.ts';
import type { Explained } from './types.ts';

type Evidence = Explanation['evidence'];

/** What the sentence rests on, for whoever wants to see it. */
export function evidenceOf(of: Explained): Evidence {
  const { declaration, view, lastLines, now } = of;
  const evidence: Array<Evidence[number]> = [];
  const add = (label: string, text: string | undefined) => {
    if (text !== undefined && text !== '') evidence.push({ label, text });
  };
  add('last end', lastEnd(of));
  for (const kind of ['startup', 'readiness', 'liveness'] as const) {
    const probe = view.probes[kind];
    if (!probe) continue;
    const failures = probe.failuresInRow > 1 ? `, ${probe.failuresInRow} failures in a row` : '';
    const ago = formatDuration(Math.max(0, now - probe.at));
    add(`${kind} probe`, `${probe.ok ? 'ok' : 'failed'}: ${probe.detail} (${ago} ago${failures})`);
  }
  add('memory', memory(view, declaration.limits));
  add('status', view.text);
  add('restarts', restarts(view));
  const lines = lastLines.length > 0 ? lastLines : (view.lastEnd?.lastLines ?? []);
  add('output', lines.join('\n'));
  return evidence;
}

function lastEnd({ view, declaration, endDetail, now }: Explained): string | undefined {
  const end = view.lastEnd;
  if (!end) return undefined;
  if (end.error !== undefined) return `run ${end.run}: no start: ${end.error}`;
  const ago = formatDuration(Math.max(0, now - end.at));
  return `run ${end.run}: ${ownEndPhrase(end, declaration, endDetail)}, after ${formatDuration(end.uptimeMs)}, ${ago} ago`;
}

function memory(view: InstanceView, limits: ResourceLimits): string | undefined {
  const { memorySoftBytes: soft, memoryHardBytes: hard } = limits;
  if (view.memoryBytes === undefined && soft === undefined && hard === undefined) return undefined;
  const parts = [view.memoryBytes === undefined ? 'not measured' : formatSize(view.memoryBytes)];
  if (soft !== undefined) parts.push(`soft limit ${formatSize(soft)}`);
  if (hard !== undefined) parts.push(`hard limit ${formatSize(hard)}`);
  return parts.join(', ');
}

function restarts(view: InstanceView): string | undefined {
  if (view.restarts === 0) return undefined;
  const causes = Object.entries(view.restartsByCause).map(([cause, count]) => `${cause} ${count}`);
  return `${view.restarts} (${causes.join(', ')})`;
}
