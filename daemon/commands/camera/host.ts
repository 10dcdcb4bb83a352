/**
 * What the kernel of this host says of its network, USB, rights and clocks, and what of it costs frames. Read from
 * /proc and /sys through the reader that is given, so that a test can be any host.
 */
import type { FileReader } from '../../../drivers/index.ts';
import type { Finding } from '../../checks/finding.ts';

/** Two frames of 5 Mpx RGB: the kernel holds them while the reader is busy. */
const receiveNeededBytes = 33_554_432;
/** A jumbo frame with room for its heads. */
const jumboMtu = 8000;
/** Several images in flight of a USB camera. */
const usbNeededMb = 1000;
/** Bit of CAP_NET_RAW in a set of capabilities. */
const netRawBit = 13n;

export async function hostFindings(files: FileReader): Promise<Finding[]> {
  return [
    await receiveBuffer(files),
    await packetSize(files),
    await rights(files),
    await reversePath(files),
    await usbMemory(files),
    await clocks(files),
  ];
}

/** Null where there is no such file: another kernel, or a container that hides it. */
async function textOf(files: FileReader, path: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await files.read(path)).trim();
  } catch {
    // told by the check that wanted it
    return null;
  }
}

async function receiveBuffer(files: FileReader): Promise<Finding> {
  const check = 'receive buffer';
  const found = await textOf(files, '/proc/sys/net/core/rmem_max');
  const text = `net.core.rmem_max is ${found ?? 'unknown'} bytes`;
  if (Number(found) >= receiveNeededBytes) return { check, status: 'ok', text };
  const advice =
    `sudo sysctl -w net.core.rmem_max=${receiveNeededBytes}  ` +
    `(to keep it: echo net.core.rmem_max=${receiveNeededBytes} | sudo tee /etc/sysctl.d/60-twinspect.conf)`;
  return { check, status: 'warn', text: `${text}: large frames lose packets unless the packet socket is used`, advice };
}

async function packetSize(files: FileReader): Promise<Finding> {
  const check = 'packet size';
  const links: { name: string; mtu: number }[] = [];
  for (const { name } of (await files.list('/sys/class/net')) ?? []) {
    // 1 is Ethernet; loopback and tunnels carry no camera
    if ((await textOf(files, `/sys/class/net/${name}/type`)) !== '1') continue;
    links.push({ name, mtu: Number(await textOf(files, `/sys/class/net/${name}/mtu`)) });
  }
  if (links.length === 0) return { check, status: 'ok', text: 'no Ethernet interface' };
  const text = links.map(({ name, mtu }) => `${name} carries ${mtu} bytes`).join(', ');
  const small = links.filter(({ mtu }) => mtu < jumboMtu);
  if (small.length === 0) return { check, status: 'ok', text };
  const advice = small.map(({ name }) => `sudo ip link set dev ${name} mtu 9000`).join('; ');
  const where = 'for an interface with a network camera, whose switch and camera take jumbo frames, too';
  return { check, status: 'warn', text, advice: `${advice}  (${where}: it halves the work)` };
}

async function rights(files: FileReader): Promise<Finding> {
  const check = 'rights';
  const found = /^CapEff:\s*([0-9a-f]+)/m.exec((await textOf(files, '/proc/self/status')) ?? '')?.[1];
  const raw = found !== undefined && ((BigInt(`0x${found}`) >> netRawBit) & 1n) === 1n;
  if (raw) return { check, status: 'ok', text: 'CAP_NET_RAW: the packet socket can be used' };
  const text = 'no CAP_NET_RAW: packets come through the kernel, which costs more and needs the receive buffer';
  const advice = 'AmbientCapabilities=CAP_NET_RAW in the systemd unit, or: sudo setcap cap_net_raw+ep NODE_BINARY';
  return { check, status: 'warn', text, advice };
}

async function reversePath(files: FileReader): Promise<Finding> {
  const check = 'reverse path';
  const found = await textOf(files, '/proc/sys/net/ipv4/conf/all/rp_filter');
  if (found !== '1') return { check, status: 'ok', text: `rp_filter is ${found ?? 'unknown'}` };
  const text = 'rp_filter is 1: packets of a camera with an address of another network are dropped unseen';
  return { check, status: 'warn', text, advice: 'sudo sysctl -w net.ipv4.conf.all.rp_filter=2' };
}

async function usbMemory(files: FileReader): Promise<Finding> {
  const check = 'USB memory';
  const path = '/sys/module/usbcore/parameters/usbfs_memory_mb';
  const found = await textOf(files, path);
  if (found === null) return { check, status: 'ok', text: 'no USB here' };
  const text = `usbfs_memory_mb is ${found}`;
  if (Number(found) >= usbNeededMb || found === '0') return { check, status: 'ok', text };
  const advice = `echo ${usbNeededMb} | sudo tee ${path}  (only for USB3 Vision cameras)`;
  return { check, status: 'warn', text: `${text}: too little for a USB3 Vision camera`, advice };
}

async function clocks(files: FileReader): Promise<Finding> {
  const check = 'PTP';
  const names: string[] = [];
  for (const { name } of (await files.list('/sys/class/ptp')) ?? []) {
    names.push(`${name} (${(await textOf(files, `/sys/class/ptp/${name}/clock_name`)) ?? 'unnamed'})`);
  }
  const served = (await files.list('/run')) ?? [];
  const running = served.some(({ name }) => name === 'ptp4l' || name === 'ptp4lro');
  const clock = names.length === 0 ? 'no network card with a clock of its own' : `clocks: ${names.join(', ')}`;
  if (running) return { check, status: 'ok', text: `${clock}; ptp4l runs` };
  const text = `${clock}; ptp4l does not run: scheduled action commands are not possible, clocks are mapped instead`;
  if (names.length === 0) return { check, status: 'ok', text };
  const advice =
    'sudo apt-get install linuxptp; sudo ptp4l -i INTERFACE -m  (only where cameras shall share one clock)';
  return { check, status: 'warn', text, advice };
}
