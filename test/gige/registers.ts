/**
 * The memory of the simulated camera: bootstrap registers, the description, and the registers behind its features.
 * Some depend on others (the format on the selected component, the payload on size and format); those are put right
 * whenever they are read.
 */
import { describe } from './description.ts';
import {
  bootstrap,
  type ComponentName,
  capabilities,
  components,
  distanceUnits,
  formats,
  memoryBytes,
  registers,
  xmlAddress,
} from './layout.ts';
import type { CameraModel } from './model.ts';

const bitsPerPx = (format: number): number => (format >>> 16) & 0xff;
const chunkBytes = 64;

export class Registers {
  readonly memory = Buffer.alloc(memoryBytes);
  readonly #model: CameraModel;
  readonly #enabled = new Set<ComponentName>();

  constructor(model: CameraModel) {
    this.#model = model;
    this.reset();
  }

  /** As after power on. */
  reset(): void {
    const { ip, serial, model, widthPx, heightPx, format, depth } = this.#model;
    const xml = Buffer.from(describe(model, depth !== undefined));
    this.memory.fill(0);
    this.set(bootstrap.version, 0x00020000);
    this.set(bootstrap.deviceMode, 0x80000001);
    const octets = ip.split('.').map(Number);
    this.set(bootstrap.macHigh, 0x0002);
    this.set(bootstrap.macLow, 0xabcd0000 + octets[2]! * 256 + octets[3]!);
    this.memory.set(octets, bootstrap.ip);
    this.memory.set([255, 0, 0, 0], bootstrap.mask);
    this.memory.write('Twinspect', bootstrap.vendor);
    this.memory.write(model, bootstrap.model);
    this.memory.write('1.0', bootstrap.deviceVersion);
    this.memory.write(serial, bootstrap.serial);
    this.memory.write(`Local:twinspect.xml;${xmlAddress.toString(16)};${xml.length.toString(16)}`, bootstrap.xmlUrl);
    xml.copy(this.memory, xmlAddress);
    this.set(bootstrap.interfaceCount, 1);
    this.set(bootstrap.streamCount, 1);
    this.set(bootstrap.capability, capabilities);
    this.set(bootstrap.heartbeatTimeoutMs, 3000);
    this.set(bootstrap.tickFrequencyLow, 1e9);
    this.set(bootstrap.packetSize, 1400);
    this.set(registers.width, widthPx);
    this.set(registers.height, heightPx);
    this.set(registers.pixelFormat, formats[format]);
    this.set(registers.rateMilli, 25_000);
    this.set(registers.exposureUs, 5000);
    this.set(registers.componentSelector, components.Range.id);
    this.set(registers.chunkSelector, 1);
    this.memory.writeFloatBE(depth?.scale ?? 1, registers.coordinateScale);
    this.memory.writeFloatBE(depth?.offset ?? 0, registers.coordinateOffset);
    this.memory.writeFloatBE(depth?.invalid ?? 0, registers.invalidValue);
    this.set(registers.invalidFlag, depth?.invalid === undefined ? 0 : 1);
    this.set(registers.distanceUnit, distanceUnits[depth?.unit ?? 'Millimeter']);
    this.#enabled.clear();
    if (depth) for (const name of ['Range', 'Intensity', 'Confidence'] as const) this.#enabled.add(name);
  }

  get(address: number): number {
    return address >= 0 && address + 4 <= memoryBytes ? this.memory.readUInt32BE(address) : 0;
  }

  set(address: number, value: number): void {
    if (address >= 0 && address + 4 <= memoryBytes) this.memory.writeUInt32BE(value >>> 0, address);
  }

  /** Before a read: what depends on other registers. */
  settle(): void {
    const { depth } = this.#model;
    const selected = this.selected;
    if (depth && selected) {
      this.set(registers.pixelFormat, this.formatOf(selected));
      this.set(registers.componentId, components[selected].id);
      this.set(registers.componentEnable, this.#enabled.has(selected) ? 1 : 0);
    }
    this.set(registers.payloadSize, this.payloadBytes);
  }

  /** After a write to the component registers. */
  written(address: number, value: number): void {
    const selected = this.selected;
    if (address !== registers.componentEnable || !selected) return;
    if (value !== 0) this.#enabled.add(selected);
    else this.#enabled.delete(selected);
  }

  get selected(): ComponentName | null {
    const id = this.get(registers.componentSelector);
    return (Object.keys(components) as ComponentName[]).find((name) => components[name].id === id) ?? null;
  }

  /** Components that are sent, in the order of the parts. */
  get sent(): ComponentName[] {
    return (['Range', 'Intensity', 'Confidence'] as const).filter((name) => this.#enabled.has(name));
  }

  formatOf(component: ComponentName): number {
    if (component === 'Range') return formats[this.#model.format];
    return component === 'Intensity' ? formats.Mono8 : formats.Confidence8;
  }

  get payloadBytes(): number {
    const pixels = this.get(registers.width) * this.get(registers.height);
    const { depth } = this.#model;
    if (!depth) return (pixels * bitsPerPx(this.get(registers.pixelFormat))) / 8 + chunkBytes;
    return this.sent.reduce((sum, name) => sum + (pixels * bitsPerPx(this.formatOf(name))) / 8, 0);
  }
}
