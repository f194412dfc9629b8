import { ffi } from '../ffi/index.ts';

/** What differs between the systems in what socket(2), ip(7) and ipv6(7) name. */
export interface SocketConstants {
  readonly AF_INET: number;
  readonly AF_INET6: number;
  readonly SOCK_STREAM: number;
  readonly SOL_SOCKET: number;
  readonly SO_REUSEADDR: number;
  readonly IPPROTO_IPV6: number;
  readonly IPV6_V6ONLY: number;
  /** BSD's sockaddr begins with its length, in a byte of its own. */
  readonly addressHasLength: boolean;
}

/** Linux's, on x64 and arm64: bits/socket.h, asm-generic/socket.h, linux/in6.h. */
const linux: SocketConstants = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  addressHasLength: false,
};

/** macOS's: sys/socket.h, netinet6/in6.h. */
const darwin: SocketConstants = {
  AF_INET: 2,
  AF_INET6: 30,
  SOCK_STREAM: 1,
  SOL_SOCKET: 0xffff,
  SO_REUSEADDR: 0x0004,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 27,
  addressHasLength: true,
};

/** Undefined where descriptors cannot be passed to children. */
export function socketConstants(platform: NodeJS.Platform = process.platform): SocketConstants | undefined {
  if (platform === 'linux') return linux;
  return platform === 'darwin' ? darwin : undefined;
}

type Libc = ReturnType<typeof bind>;
let bound: Libc | undefined;

/** F_DUPFD_CLOEXEC (fcntl(2)): a copy that children do not get by themselves. */
const duplicateCloseOnExec = process.platform === 'darwin' ? 67 : 1030;

function bind() {
  const koffi = ffi();
  // The symbols of this process: libc is among them, whichever it is.
  const library = koffi.load(null);
  const fcntl = library.func('int fcntl(int fd, int command, ...)');
  return {
    errno: (): number => koffi.errno(),
    socket: library.func('int socket(int domain, int type, int protocol)'),
    setsockopt: library.func(
      'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
    ),
    bind: library.func('int bind(int fd, const void *address, uint32_t length)'),
    listen: library.func('int listen(int fd, int backlog)'),
    close: library.func('int close(int fd)'),
    /** Not dup(2): between it and another call a child could get the copy. Begins above the standard streams. */
    duplicate: (fd: number): number => Number(fcntl(fd, duplicateCloseOnExec, 'int', 3)),
  };
}

/** libc's own functions, for those that Node has no way to. Throws FFI_UNAVAILABLE, FFI_TAMPERED. */
export function socketLibc(): Libc {
  return (bound ??= bind());
}
