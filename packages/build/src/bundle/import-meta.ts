/** Names by which the chunks of a program see what `import.meta` holds elsewhere; the loader passes them in. */
export const importMetaNames = {
  url: '__mainstayUrl',
  filename: '__mainstayFile',
  dirname: '__mainstayFolder',
} as const;

/** `import.meta` has no meaning in CommonJS: the program's file is the executable. */
export const importMetaDefines: Readonly<Record<string, string>> = {
  'import.meta.url': importMetaNames.url,
  'import.meta.filename': importMetaNames.filename,
  'import.meta.dirname': importMetaNames.dirname,
  'import.meta.main': 'false',
};
