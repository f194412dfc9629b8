// Installs the Debian packages named on the command line.
import { installPackages } from './debian.ts';

await installPackages(process.argv.slice(2));
