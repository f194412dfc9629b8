import { join } from 'node:path';

/** Where the output pipes of the runs are: the guardian saves what is in them when the agent dies. */
export const pipesDirectory = (directory: string): string => join(directory, 'output');
