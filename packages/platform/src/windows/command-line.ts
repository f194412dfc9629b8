/**
 * One command line that CommandLineToArgvW and the C runtime take apart into these arguments again (MSDN: "Parsing C
 * command-line arguments"). The executable is always quoted: an unquoted path with a space would let
 * `C:\Program.exe` run in its place.
 */
export function toCommandLine(executable: string, args: readonly string[]): string {
  return [`"${executable}"`, ...args.map(quote)].join(' ');
}

function quote(argument: string): string {
  if (argument !== '' && !/[\s"]/.test(argument)) return argument;
  // Backslashes count double only before a quotation mark, the closing one included.
  return `"${argument.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}
