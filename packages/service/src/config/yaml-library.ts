// A file of its own, to be imported when there is YAML: `import()` of a CommonJS package gives its names under Node
// only, not in the chunks of an executable.
export { isAlias, isMap, isSeq, parseDocument } from 'yaml';
