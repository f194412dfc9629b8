/** An inherited or stored file descriptor (sd_listen_fds(3), sd_pid_notify_with_fds(3)). */
export interface PassedDescriptor {
  readonly fd: number;
  readonly name: string;
}
