import { resolve } from 'node:path';

import { bounds } from './bounds.ts';
import { defaultLogStore } from './empty.ts';
import type { LogRules, LogStoreRules } from './types.ts';
import type { Value } from './value.ts';

export const defaultLogs: LogRules = {
  rotateBytes: 10 * 1024 ** 2,
  rotateAgeMs: undefined,
  keep: 8,
  compress: true,
};

/** The logs of one service. */
export function readLogs(value: Value): LogRules {
  let { rotateBytes, rotateAgeMs, keep, compress } = defaultLogs;
  const size = (field: Value): void => {
    rotateBytes = field.size(bounds.logRotate) ?? rotateBytes;
  };
  value.block({
    rotate: (field) => {
      if (!field.isMap) return size(field);
      field.block({ size, age: (age) => (rotateAgeMs = age.duration(bounds.logAge)) });
    },
    keep: (field) => (keep = field.integer(bounds.logKeep) ?? keep),
    compress: (field) => (compress = field.flag() ?? compress),
  });
  return { rotateBytes, rotateAgeMs, keep, compress };
}

/** The logs of all services together. */
export function readLogStore(value: Value, folder: string): LogStoreRules {
  let { directory, totalBytes } = defaultLogStore;
  value.block({
    directory: (field) => {
      const text = field.text();
      if (text !== undefined) directory = resolve(folder, text);
    },
    total: (field) => (totalBytes = field.size(bounds.logTotal) ?? totalBytes),
  });
  return { directory, totalBytes };
}
