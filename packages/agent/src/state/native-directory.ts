import { join } from 'node:path';

/** Where the native runner keeps what it knows of its units; by it they are told from those of other agents. */
export const nativeDirectory = (stateDirectory: string): string => join(stateDirectory, 'native');
