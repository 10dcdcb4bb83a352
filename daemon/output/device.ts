/**
 * What an output process drives: the pin of a GPIO chip through libgpiod 1.x (Debian 12, Ubuntu 22.04), or a file, for
 * tests and a first look. Opened de-energised.
 *
 * The GPIO way was written against libgpiod 1.6.3 and its header, loaded and called on a machine without GPIO; it was
 * not tried on hardware.
 */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { type Library, loadLibrary, opaque } from '../../drivers/native/koffi.ts';
import { fail, messageOf } from '../../errors.ts';

export type DeviceSettings =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'gpiod'; readonly chip: string; readonly pin: number; readonly activeLow: boolean };

export interface Device {
  /** Throws `output/device` where the device is gone. */
  set(energised: boolean): void;
  close(): void;
}

/** Throws `output/library` or `output/device`. */
export function openDevice(settings: DeviceSettings): Device {
  return settings.kind === 'file' ? openFile(settings.path) : openPin(settings);
}

/** Whether it could be opened, without driving anything; says what it is. Throws as `openDevice`. */
export function probeDevice(settings: DeviceSettings): string {
  if (settings.kind === 'file') return `the file ${settings.path}`;
  const { gpio, chip, line, device } = findPin(settings);
  const used = gpio.isUsed(line) as boolean;
  gpio.close(chip);
  if (used) throw fail('output/device', { device, problem: pinRefused });
  return `${device} is free`;
}

function openFile(path: string): Device {
  const set = (energised: boolean): void => {
    try {
      writeFileSync(path, energised ? '1' : '0');
    } catch (error) {
      throw fail('output/device', { device: path, problem: messageOf(error) }, error);
    }
  };
  set(false);
  return { set, close: () => set(false) };
}

type GpioSettings = Extract<DeviceSettings, { kind: 'gpiod' }>;

/** `GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW` of gpiod.h 1.6. */
const activeLowFlag = 1 << 2;

const pinRefused = 'the pin is in use, or cannot be an output';

/** The pin of a chip that is there; nothing is asked of it yet. */
function findPin({ chip: name, pin }: GpioSettings) {
  const path = name.startsWith('/') ? name : `/dev/${name}`;
  const device = `${path} pin ${pin}`;
  const refuse = (problem: string): Error => fail('output/device', { device, problem });
  const gpio = declarations();
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw refuse(messageOf(error));
  }
  const chip = gpio.open(path) as unknown;
  if (chip === null) throw refuse('it cannot be opened as a GPIO chip');
  const line = gpio.line(chip, pin) as unknown;
  if (line === null) {
    gpio.close(chip);
    throw refuse('the chip has no such pin');
  }
  return { gpio, chip, line, device, refuse };
}

function openPin(settings: GpioSettings): Device {
  const { gpio, chip: opened, line, refuse } = findPin(settings);
  if (gpio.request(line, 'twinspect ok', settings.activeLow ? activeLowFlag : 0, 0) !== 0) {
    gpio.close(opened);
    throw refuse(pinRefused);
  }
  return {
    set(energised) {
      if (gpio.set(line, energised ? 1 : 0) !== 0) throw refuse('its value cannot be set');
    },
    close() {
      gpio.set(line, 0);
      gpio.release(line);
      gpio.close(opened);
    },
  };
}

function declarations() {
  let library: Library;
  try {
    library = loadLibrary(['libgpiod.so.2']);
  } catch (error) {
    throw fail('output/library', { problem: messageOf(error) }, error);
  }
  opaque('gpiod_chip', 'gpiod_line');
  return {
    open: library.declare('gpiod_chip *gpiod_chip_open(const char *path)'),
    line: library.declare('gpiod_line *gpiod_chip_get_line(gpiod_chip *chip, unsigned int offset)'),
    request: library.declare(
      'int gpiod_line_request_output_flags(gpiod_line *line, const char *consumer, int flags, int default_val)',
    ),
    isUsed: library.declare('bool gpiod_line_is_used(gpiod_line *line)'),
    set: library.declare('int gpiod_line_set_value(gpiod_line *line, int value)'),
    release: library.declare('void gpiod_line_release(gpiod_line *line)'),
    close: library.declare('void gpiod_chip_close(gpiod_chip *chip)'),
  };
}
