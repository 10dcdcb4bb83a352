/**
 * The socket systemd listens on (sd_notify(3)): one datagram for each message, written with libc's own calls, since
 * Node has no datagrams on Unix sockets. A message that cannot be sent is lost and said once; nothing waits for it.
 */
import { loadLibrary } from '../../drivers/native/koffi.ts';
import { fail, messageOf } from '../../errors.ts';

/** Sends `KEY=value` lines; false where systemd did not take them. */
export type SendNotice = (fields: Readonly<Record<string, string | number>>) => boolean;

/** Of socket(2) and send(2) on Linux, the same on x64 and arm64. */
const unixFamily = 1;
const datagram = 2 | 0o2000000 | 0o4000; // SOCK_DGRAM, SOCK_CLOEXEC, SOCK_NONBLOCK
const quietly = 0x40 | 0x4000; // MSG_DONTWAIT, MSG_NOSIGNAL
/** `sun_path` of sockaddr_un holds no more, bytes. */
const pathMaxBytes = 107;

/**
 * `address` is `$NOTIFY_SOCKET`: a path, or a name behind `@` in the abstract namespace. Throws `system/notify` where
 * it is neither, or the library cannot be loaded.
 */
export function openNotifySocket(address: string): SendNotice {
  const refuse = (problem: string, cause?: unknown): Error => fail('system/notify', { address, problem }, cause);
  if (!/^[/@]./.test(address)) throw refuse('it is neither a path nor a name behind @');
  const name = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : address);
  if (name.length > pathMaxBytes) throw refuse(`it is longer than ${pathMaxBytes} bytes`);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(unixFamily);
  const to = Buffer.concat([family, name]);
  try {
    const libc = loadLibrary(['libc.so.6']);
    const fd = libc.declare('int socket(int, int, int)')(unixFamily, datagram, 0) as number;
    if (fd < 0) throw new Error('no socket could be made');
    const sendto = libc.declare('int64_t sendto(int, void *, size_t, int, void *, uint32_t)');
    return (fields) => {
      const text = Buffer.from(Object.entries(fields).map(line).join('\n'));
      return Number(sendto(fd, text, text.length, quietly, to, to.length)) === text.length;
    };
  } catch (error) {
    throw refuse(messageOf(error), error);
  }
}

/** A value has one line: the next would be a field of its own. */
function line([key, value]: [string, string | number]): string {
  return `${key}=${String(value).replace(/[\r\n]+/g, ' ')}`;
}
