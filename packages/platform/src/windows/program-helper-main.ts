// What `program-helper.ts` is where the program runs from source; an executable starts itself in its place.
import { runHelper } from './program-helper.ts';

runHelper(process.argv.slice(2));
