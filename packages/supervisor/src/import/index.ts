/** Reading what pm2, WinSW and systemd run; for the CLI. */
export { importEcosystem, type Pm2Options } from './pm2.ts';
export { importUnit, type UnitFile } from './systemd.ts';
export type { Imported, ImportedService, YamlValue } from './types.ts';
export { importWinsw } from './winsw.ts';
export { writeManifest } from './write-yaml.ts';
export { serviceName } from './notes.ts';
