// The helper of `console-stop.ts` where the program runs from source; an executable starts itself in its place.
import { runHelper } from './console-helper.ts';

runHelper(process.argv.slice(2));
