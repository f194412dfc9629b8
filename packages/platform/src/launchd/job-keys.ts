/** A property list's values, without dates and data, which no job needs. */
export type PlistValue =
  | string
  | number
  | boolean
  | readonly PlistValue[]
  | { readonly [key: string]: PlistValue };
export type PlistDictionary = { readonly [key: string]: PlistValue };

/** Tells what is wrong with a value, or undefined when it is right. */
type Check = (value: PlistValue) => string | undefined;

const string: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be a boolean');
const integer: Check = (value) => (Number.isSafeInteger(value) ? undefined : 'must be an integer');
const natural: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? undefined
    : 'must be an integer that is not negative';
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value as string) ? undefined : `must be one of ${allowed.join(', ')}`;
const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value) === undefined)
      ? undefined
      : checks.map((check) => check(value)).join(' or ');
const arrayOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value)
      ? value.map((item: PlistValue, index) => prefix(`item ${index}`, check(item))).find(Boolean)
      : 'must be an array';
const mapOf =
  (check: Check): Check =>
  (value) =>
    isDictionary(value)
      ? Object.entries(value)
          .map(([key, item]) => prefix(key, check(item)))
          .find(Boolean)
      : 'must be a dictionary';
const dictionary =
  (keys: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isDictionary(value) ? checkKeys(value, keys)[0] : 'must be a dictionary';

const resourceLimits = dictionary({
  Core: integer,
  CPU: integer,
  Data: integer,
  FileSize: integer,
  MemoryLock: integer,
  NumberOfFiles: integer,
  NumberOfProcesses: integer,
  ResidentSetSize: integer,
  Stack: integer,
});
const socket = dictionary({
  SockType: oneOf('stream', 'dgram', 'seqpacket'),
  SockPassive: boolean,
  SockNodeName: string,
  SockServiceName: either(string, integer),
  SockFamily: oneOf('IPv4', 'IPv6', 'IPv4v6', 'Unix'),
  SockProtocol: oneOf('TCP', 'UDP'),
  SockPathName: string,
  SecureSocketWithKey: string,
  SockPathOwner: integer,
  SockPathGroup: integer,
  SockPathMode: natural,
  Bonjour: either(boolean, string, arrayOf(string)),
  MulticastGroup: string,
});
const calendar = dictionary({
  Minute: natural,
  Hour: natural,
  Day: natural,
  Weekday: natural,
  Month: natural,
});

/** Keys and types of launchd.plist(5) that make sense for a service; nothing on Linux checks them for us. */
const jobKeys: Readonly<Record<string, Check>> = {
  Label: string,
  Disabled: boolean,
  UserName: string,
  GroupName: string,
  Program: string,
  ProgramArguments: arrayOf(string),
  EnableGlobbing: boolean,
  RunAtLoad: boolean,
  RootDirectory: string,
  WorkingDirectory: string,
  EnvironmentVariables: mapOf(string),
  Umask: either(natural, string),
  TimeOut: natural,
  ExitTimeOut: natural,
  ThrottleInterval: natural,
  InitGroups: boolean,
  WatchPaths: arrayOf(string),
  QueueDirectories: arrayOf(string),
  StartOnMount: boolean,
  StartInterval: natural,
  StartCalendarInterval: either(calendar, arrayOf(calendar)),
  StandardInPath: string,
  StandardOutPath: string,
  StandardErrorPath: string,
  Debug: boolean,
  WaitForDebugger: boolean,
  SoftResourceLimits: resourceLimits,
  HardResourceLimits: resourceLimits,
  Nice: integer,
  ProcessType: oneOf('Background', 'Standard', 'Adaptive', 'Interactive'),
  AbandonProcessGroup: boolean,
  LowPriorityIO: boolean,
  LowPriorityBackgroundIO: boolean,
  LaunchOnlyOnce: boolean,
  EnableTransactions: boolean,
  EnablePressuredExit: boolean,
  LimitLoadToSessionType: either(string, arrayOf(string)),
  SessionCreate: boolean,
  MachServices: mapOf(either(boolean, dictionary({ ResetAtClose: boolean, HideUntilCheckIn: boolean }))),
  Sockets: mapOf(either(socket, arrayOf(socket))),
  KeepAlive: either(
    boolean,
    dictionary({
      SuccessfulExit: boolean,
      Crashed: boolean,
      NetworkState: boolean,
      PathState: mapOf(boolean),
      OtherJobEnabled: mapOf(boolean),
    }),
  ),
};

/** Everything that launchd would silently ignore or refuse; empty when the job is right (launchd.plist(5)). */
export function checkJob(job: PlistDictionary): string[] {
  const problems = checkKeys(job, jobKeys);
  if (job['Label'] === undefined) problems.push('Label is required');
  if (job['Program'] === undefined && job['ProgramArguments'] === undefined) {
    problems.push('Program or ProgramArguments is required');
  }
  return problems;
}

function checkKeys(value: PlistDictionary, keys: Readonly<Record<string, Check>>): string[] {
  return Object.entries(value).flatMap(([key, item]) => {
    const check = Object.hasOwn(keys, key) ? keys[key] : undefined;
    return (check ? prefix(key, check(item)) : `${key} is not a key of launchd.plist(5)`) ?? [];
  });
}

function prefix(where: string, problem: string | undefined): string | undefined {
  return problem && `${where}: ${problem}`;
}

function isDictionary(value: PlistValue): value is PlistDictionary {
  return typeof value === 'object' && !Array.isArray(value);
}
