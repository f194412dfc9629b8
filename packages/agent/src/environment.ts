/**
 * What was said to this process alone, and would be a lie to its children: systemd.exec(5), sd_notify(3),
 * sd_listen_fds(3), Node's IPC and ours.
 */
const ownVariables =
  /^(?:NOTIFY_SOCKET|WATCHDOG_(?:USEC|PID)|LISTEN_(?:PID|FDS|FDNAMES)|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID|MEMORY_PRESSURE_(?:WATCH|WRITE)|(?:STATE|LOGS|RUNTIME|CACHE|CONFIGURATION|CREDENTIALS)_DIRECTORY|FDSTORE|MAINPID|NODE_(?:CHANNEL_FD|CHANNEL_SERIALIZATION_MODE|UNIQUE_ID|V8_COVERAGE)|MAINSTAY_(?:HOST|SERVICE|INSTANCE|RUN|AGENT_ID|SOCKET|SOCKETS|START_ARGUMENTS))$/;

/** The environment for services: the agent's own, without what was meant for the agent. Pure. */
export function environmentForServices(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || ownVariables.test(name) ? [] : [[name, value] as const],
    ),
  );
}
