import { ffi } from '../ffi/index.ts';

/*
 * Node has no Unix datagram sockets, which is what sd_notify(3) speaks; so libc is called directly. The constants are
 * Linux's, the same on x64 and arm64 (socket(2), unix(7), cmsg(3), errno(3)).
 */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;
const EINTR = 4;
const ENOBUFS = 105;

/** sizeof(sun_path), unix(7). */
const maxPathBytes = 108;

export interface DatagramSocket {
  /**
   * Sends one datagram, without waiting.
   * @returns 'full' when the receiver's queue is full and the caller should try again later
   */
  send(data: Buffer, descriptor?: number): 'sent' | 'full';
  close(): void;
}

/** `struct sockaddr_un` for a path, or for an abstract name that begins with `@` (unix(7)). */
export function encodeUnixAddress(address: string): Buffer {
  const isAbstract = address.startsWith('@');
  if (!isAbstract && !address.startsWith('/')) throw new Error(`Not a Unix socket address: ${address}`);
  const name = Buffer.from(address);
  // A path ends with a NUL, an abstract name with the end of the address.
  const length = name.length + (isAbstract ? 0 : 1);
  if (length > maxPathBytes) throw new Error(`Unix socket address is longer than 107 bytes: ${address}`);
  const encoded = Buffer.alloc(2 + length);
  encoded.writeUInt16LE(AF_UNIX, 0);
  name.copy(encoded, 2);
  if (isAbstract) encoded[2] = 0;
  return encoded;
}

/** A control message that carries one descriptor (cmsg(3)): length, level, type, fd, padded to 8 bytes. */
export function encodeRights(descriptor: number): Buffer {
  const headerBytes = 16;
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(BigInt(headerBytes + 4), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(descriptor, headerBytes);
  return control;
}

type Libc = ReturnType<typeof bindLibc>;
let bound: Libc | undefined;

function bindLibc() {
  const koffi = ffi();
  // The symbols of this process: libc is among them, whether it is glibc or musl.
  const libc = koffi.load(null);
  return {
    errno: () => koffi.errno(),
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    sendto: libc.func(
      'intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t size)',
    ),
    sendmsg: libc.func('intptr_t sendmsg(int fd, const void *message, int flags)'),
    close: libc.func('int close(int fd)'),
    addressOf: (buffer: Buffer): bigint => koffi.address(buffer),
  };
}

/** Opens a socket that sends to `address`. Throws when the address or the FFI library is unusable. */
export function openDatagramSocket(address: string): DatagramSocket {
  const target = encodeUnixAddress(address);
  const libc = (bound ??= bindLibc());
  const fd = Number(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd < 0) throw errnoError('socket', libc.errno());
  return {
    send(data, descriptor) {
      for (;;) {
        const sent = Number(
          descriptor === undefined
            ? libc.sendto(fd, data, data.length, MSG_NOSIGNAL, target, target.length)
            : sendWithRights(libc, fd, target, data, descriptor),
        );
        if (sent >= 0) return 'sent';
        const errno = libc.errno();
        if (errno === EAGAIN || errno === ENOBUFS) return 'full';
        if (errno !== EINTR) throw errnoError('sendmsg', errno);
      }
    },
    close() {
      libc.close(fd);
    },
  };
}

/**
 * `struct msghdr` of 64-bit Linux and everything that it points to, in one buffer: as long as that is passed to the call
 * nothing in it can be collected or moved.
 */
function sendWithRights(libc: Libc, fd: number, target: Buffer, data: Buffer, descriptor: number): unknown {
  const control = encodeRights(descriptor);
  const vectorAt = 56;
  const controlAt = vectorAt + 16;
  const targetAt = controlAt + control.length;
  const dataAt = targetAt + target.length;
  const message = Buffer.alloc(dataAt + data.length);
  control.copy(message, controlAt);
  target.copy(message, targetAt);
  data.copy(message, dataAt);
  const base = libc.addressOf(message);
  const pointTo = (offset: number, at: number): void => {
    message.writeBigUInt64LE(base + BigInt(at), offset);
  };
  pointTo(0, targetAt); // msg_name
  message.writeUInt32LE(target.length, 8); // msg_namelen
  pointTo(16, vectorAt); // msg_iov
  message.writeBigUInt64LE(1n, 24); // msg_iovlen
  pointTo(32, controlAt); // msg_control
  message.writeBigUInt64LE(BigInt(control.length), 40); // msg_controllen
  pointTo(vectorAt, dataAt); // iov_base
  message.writeBigUInt64LE(BigInt(data.length), vectorAt + 8); // iov_len
  return libc.sendmsg(fd, message, MSG_NOSIGNAL);
}

function errnoError(call: string, errno: number): Error {
  return Object.assign(new Error(`${call} failed with errno ${errno}`), { errno });
}
