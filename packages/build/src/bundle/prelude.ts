/** Global names that the prelude sets and bundled modules use; not to be taken by a user's code. */
export const importMetaUrl = '__mainstayUrl';
export const importMetaFile = '__mainstayFile';
export const importMetaFolder = '__mainstayFolder';

/**
 * Runs before everything else in the bundle, in the main thread and in workers.
 *
 * `import.meta` in a CommonJS bundle: the program is the executable file. `process.execArgv` is emptied because
 * child_process.fork and cluster would hand the embedded flags to a child as arguments; the child, being the same
 * executable, has them built in.
 */
export const prelude = [
  `const ${importMetaFile}=process.execPath;`,
  `const ${importMetaUrl}=require("node:url").pathToFileURL(${importMetaFile}).href;`,
  `const ${importMetaFolder}=require("node:path").dirname(${importMetaFile});`,
  'process.execArgv.length=0;',
].join('');

export const importMetaDefines: Readonly<Record<string, string>> = {
  'import.meta.url': importMetaUrl,
  'import.meta.filename': importMetaFile,
  'import.meta.dirname': importMetaFolder,
  'import.meta.main': 'false',
};
