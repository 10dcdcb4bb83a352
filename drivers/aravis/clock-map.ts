/**
 * A device's clock on the host's: the instant of an exposure as the host's monotonic clock counts it.
 *
 * Each sample is a pair of instants and how far they may be apart. A latched timestamp is good to half a round trip; a
 * frame's arrival is only ever late, so among arrivals the smallest difference is nearest the truth. The best sample
 * of the last seconds holds: quartz drifts 50 us in a second at worst, so nothing is extrapolated. A sample that
 * contradicts the best one by more than both can err is a clock that was set: all before it is forgotten.
 */

/** Longer than a pause between samples, short enough that drift stays below half a millisecond. */
const windowUs = 10e6;
/** Quartz against quartz, and a margin for a host that sleeps between two reads. */
const driftMax = 200e-6;
const jumpUs = 2000;
/** Samples kept; one a second comes by latching, one a frame by arrival. */
const maxSamples = 64;

interface Sample {
  readonly deviceUs: number;
  /** Host minus device. */
  readonly offsetUs: number;
  readonly errorUs: number;
}

export class ClockMap {
  #samples: Sample[] = [];
  #best: Sample | null = null;
  #jumps = 0;

  /** How often the device's clock was found set anew. */
  get jumps(): number {
    return this.#jumps;
  }

  get known(): boolean {
    return this.#best !== null;
  }

  /** Latched: the device read its clock some time between the two instants of the host. True where it was set anew. */
  latched(deviceUs: number, beforeUs: number, afterUs: number): boolean {
    const errorUs = (afterUs - beforeUs) / 2;
    const sample = { deviceUs, offsetUs: (beforeUs + afterUs) / 2 - deviceUs, errorUs };
    const jumped = this.#best !== null && this.#contradicts(sample, this.#best);
    if (jumped) this.reset();
    this.#keep(sample);
    return jumped;
  }

  /** A frame exposed at one and arrived at the other instant: at best that late, so only a smaller offset is news. */
  arrived(deviceUs: number, hostUs: number): void {
    this.#keep({ deviceUs, offsetUs: hostUs - deviceUs, errorUs: Number.MAX_SAFE_INTEGER });
  }

  /** Host's microseconds of a device's. */
  toHostUs(deviceUs: number): number | null {
    return this.#best === null ? null : deviceUs + this.#best.offsetUs;
  }

  reset(): void {
    if (this.#best !== null) this.#jumps++;
    this.#samples = [];
    this.#best = null;
  }

  #contradicts(sample: Sample, best: Sample): boolean {
    const drift = Math.abs(sample.deviceUs - best.deviceUs) * driftMax;
    return Math.abs(sample.offsetUs - best.offsetUs) > sample.errorUs + Math.min(best.errorUs, jumpUs) + drift + jumpUs;
  }

  #keep(sample: Sample): void {
    this.#samples = this.#samples.filter(({ deviceUs }) => Math.abs(sample.deviceUs - deviceUs) <= windowUs);
    this.#samples.push(sample);
    if (this.#samples.length > maxSamples) this.#samples.splice(this.#samples.indexOf(this.#worst()), 1);
    this.#best = this.#samples.reduce((best, each) => (isBetter(each, best) ? each : best));
  }

  #worst(): Sample {
    return this.#samples.reduce((worst, each) => (isBetter(worst, each) ? each : worst));
  }
}

function isBetter(one: Sample, other: Sample): boolean {
  return one.errorUs === other.errorUs ? one.offsetUs < other.offsetUs : one.errorUs < other.errorUs;
}
