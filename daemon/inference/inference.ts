/**
 * The inference port of one line: which bundle serves, and how another one comes into service.
 *
 * A wish for another bundle is met beside the running one and switched between two parts; where it is refused, the
 * old one goes on for the same product. Which product the line makes is part of the wish: a bundle of another one is
 * out of service from then on, and the line holds until wish and reality agree. A replacement, which a command asks
 * for, is made whole or not at all: until the new bundle serves, the old one judges the old product.
 */
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { asTaught, type Decide } from './decide.ts';
import { Host } from './host.ts';
import type { BundleChoice, LastBundle } from './last-bundle.ts';
import { endedByLimit, LoadLimits } from './load-limits.ts';
import type { InferencePort, PairImages, Reading, ServedBundle } from './port.ts';
import { type Log, type Opened, restartBackoffMaxMs, Service, type ServiceDeps } from './service.ts';
import type { BundleWish, InferenceCounters, InferenceSettings } from './settings.ts';

export interface InferenceDeps {
  readonly settings: InferenceSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly last: LastBundle;
  /** Makes a change while no part is being judged: the line's own. */
  readonly betweenParts: (change: () => void) => Promise<void>;
  /** The bundle in service, or whether it can be served, changed. */
  readonly changed: () => void;
}

export class Inference implements InferencePort {
  readonly #deps: InferenceDeps;
  readonly #serviceDeps: ServiceDeps;
  readonly #counters: InferenceCounters = { swaps: 0, refusals: 0, hostDeaths: 0, hostStarts: 0 };
  readonly #stopping = new AbortController();
  readonly #limits: LoadLimits;
  #loading = 0;
  /** Every host that lives, serving or loading. */
  readonly #hosts = new Set<Host>();
  #service: Service | null = null;
  /** The bundle of the service as judging is told of it. */
  #decided: ServedBundle | null = null;
  #product: string | null = null;
  #wish: BundleWish | null = null;
  #pursuing: Promise<void> | null = null;
  #refusal: Error | null = null;

  constructor(deps: InferenceDeps) {
    this.#deps = deps;
    const { clock, log, changed, settings } = deps;
    this.#limits = new LoadLimits({ configuredMs: settings.loadTimeoutMs, clock, log });
    this.#serviceDeps = {
      ...{ clock, log, changed, restartBackoffMs: settings.restartBackoffMs },
      reopen: (path, { product, digest }) => this.#open(path, product, digest),
      died: () => {
        this.#counters.hostDeaths++;
      },
    };
  }

  bundle(): ServedBundle | null {
    const decided = this.#decided;
    return decided && decided.product === this.#product ? decided : null;
  }

  /** The bundle in service with its own decision settings, whatever product the line makes. */
  get taught(): ServedBundle | null {
    return this.#service?.bundle ?? null;
  }

  async infer(pair: PairImages, signal: AbortSignal): Promise<Reading> {
    return this.#serving().infer(pair, signal);
  }

  /** A bare run in the serving host on the pair it judged last, for the bench. */
  async measure(signal: AbortSignal): Promise<number> {
    const { host, problem } = this.#serving();
    if (!host) throw fail('inference/down', { cause: problem ?? 'it is starting' });
    return host.measure(signal);
  }

  /** A golden part of the bundle in service through the live host. Not beside an inference: the line gives the turn. */
  async check(signal: AbortSignal): Promise<void> {
    await this.#serving().check(signal);
  }

  /** Why the bundle wished for does not serve; null where it does, or is still being loaded. */
  get refusal(): Error | null {
    return this.#refusal;
  }

  /** Why nothing can be judged now although a bundle is in service; null where it can. */
  get problem(): string | null {
    return this.#service?.problem ?? null;
  }

  /** Why a person is needed for the inference; null where none is. */
  get fault(): string | null {
    return this.#service?.fault ?? null;
  }

  /** The process that serves, and its memory at its last reading. */
  get host(): Pick<Host, 'pid' | 'rssBytes'> | null {
    return this.#service?.host ?? null;
  }

  counters(): InferenceCounters {
    return { ...this.#counters };
  }

  /** The first wish of a run: where it is refused, the last good choice of the same product serves instead. */
  async start(wish: BundleWish): Promise<void> {
    // Read before a wish that is met takes its place: damage is told in any case.
    const last = await this.#lastChoice();
    await this.wish(wish);
    if (this.bundle() !== null || this.#stopping.signal.aborted) return;
    if (last?.product !== wish.product || last.path === wish.path) return;
    try {
      // By its own threshold, and under the number of the recipe it was the last good bundle of.
      const { recipe = null } = last;
      this.#serve(await this.#open(last.path, last.product, last.digest), (bundle) => ({ ...bundle, recipe }));
      this.#deps.log.warn({ bundle: last.path, wished: wish.path }, 'the last good bundle serves instead');
    } catch (error) {
      this.#deps.log.error({ bundle: last.path, error }, 'the last good bundle is refused too');
    }
  }

  /** What the line shall judge with from now on. Resolves when it does or was refused; a later wish supersedes it. */
  wish(wish: BundleWish): Promise<void> {
    this.#wish = wish;
    this.#pursuing ??= this.#pursue().finally(() => {
      this.#pursuing = null;
    });
    return this.#pursuing;
  }

  /**
   * Another bundle, product and decision settings, all between the same two parts. Rejects, with nothing changed, where
   * the bundle is refused; whoever calls waits for one before asking for the next.
   */
  async replace(wish: BundleWish): Promise<void> {
    const { path, product, decide = asTaught } = wish;
    await this.#pursuing;
    const serving = this.#service?.path === path && this.#service.bundle.product === product;
    let opened: Opened | null = null;
    try {
      if (!serving) opened = await this.#open(path, product, null);
      await this.#deps.betweenParts(() => {
        this.#product = product;
        if (opened) this.#serve(opened, decide);
        else this.#redecide(decide);
      });
      this.#refusal = null;
      if (opened)
        await this.#keep({ path, product, digest: opened.bundle.digest, recipe: this.#decided?.recipe ?? null });
    } catch (error) {
      if (opened?.host !== this.#service?.host) opened?.host.kill(error as Error);
      this.#counters.refusals++;
      this.#deps.log.warn({ bundle: path, error }, `bundle refused to a command: ${messageOf(error)}`);
      throw error;
    }
    this.#deps.changed();
  }

  /** Ends every host. Safe twice. */
  stop(): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#service?.retire('the daemon stops');
    for (const host of this.#hosts) host.kill(fail('inference/down', { cause: 'the daemon stops' }));
  }

  #serving(): Service {
    if (!this.#service) throw fail('inference/down', { cause: 'no bundle is in service' });
    return this.#service;
  }

  async #pursue(): Promise<void> {
    for (let wish = this.#wish; wish && !this.#stopping.signal.aborted; wish = this.#wish) {
      await this.#meet(wish);
      if (this.#wish === wish) this.#wish = null;
    }
  }

  async #meet(wish: BundleWish): Promise<void> {
    const { path, product, decide = asTaught } = wish;
    this.#refusal = null;
    try {
      if (this.#product !== product) await this.#make(product);
      if (this.#service?.path === path && this.bundle() !== null) {
        await this.#deps.betweenParts(() => this.#redecide(decide));
        return;
      }
      const opened = await this.#open(path, product, null);
      if (this.#wish !== wish) {
        opened.host.kill(fail('inference/down', { cause: 'another bundle is asked for' }));
        return;
      }
      await this.#deps.betweenParts(() => this.#serve(opened, decide));
      await this.#keep({ path, product, digest: opened.bundle.digest, recipe: this.#decided?.recipe ?? null });
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#refuse(wish, error as Error);
    }
  }

  /** The line makes another product from the next part on: whatever serves another one is out of service. */
  async #make(product: string): Promise<void> {
    await this.#deps.betweenParts(() => {
      this.#product = product;
    });
    this.#deps.changed();
  }

  #refuse(wish: BundleWish, error: Error): void {
    const { path } = wish;
    this.#counters.refusals++;
    this.#refusal = error;
    const serving = this.bundle();
    const goesOn = serving ? `${serving.name}@${serving.version} goes on` : 'no bundle serves';
    this.#deps.log.error({ bundle: path, error }, `bundle refused: ${messageOf(error)}; ${goesOn}`);
    this.#deps.changed();
    if (endedByLimit(error)) this.#tryAgain(wish, error);
  }

  /** Nothing is wrong with a bundle that was slow; beside one that serves there is no hurry. */
  #tryAgain(wish: BundleWish, error: Error): void {
    const { clock, settings } = this.#deps;
    const waitMs = this.bundle() ? restartBackoffMaxMs : settings.restartBackoffMs;
    const again = (): void => {
      if (this.#refusal !== error) return;
      // Two hosts loading at a time would both be slower still.
      if (this.#loading > 0) this.#tryAgain(wish, error);
      else void this.wish(wish);
    };
    clock.after(waitMs, again, this.#stopping.signal);
  }

  /** A host with the bundle loaded, warm and checked; where anything is wrong, no host. */
  async #open(path: string, product: string, digest: string | null): Promise<Opened> {
    const { clock, settings } = this.#deps;
    const { provider, precision, threads, spinning, timeoutMs, graceMs } = settings;
    const host = new Host(clock, { inferMaxMs: timeoutMs, graceMs });
    this.#hosts.add(host);
    host.died.addEventListener('abort', () => this.#hosts.delete(host), { once: true });
    this.#counters.hostStarts++;
    this.#loading++;
    const load = (limitMs: number) => host.load({ path, provider, precision, threads, spinning }, limitMs);
    const bundle = await this.#limits
      .within(path, load, () => host.loadedShare)
      .finally(() => {
        this.#loading--;
      });
    const wrong =
      bundle.product !== product
        ? fail('bundle/product', { path, actual: bundle.product, expected: product })
        : digest !== null && bundle.digest !== digest
          ? fail('bundle/digest', { path, file: 'manifest.json', actual: bundle.digest, expected: digest })
          : null;
    if (!wrong) return { path, host, bundle };
    host.kill(wrong);
    throw wrong;
  }

  /** Between two parts: the new bundle serves, the old host has nothing left to do. */
  #serve(opened: Opened, decide: Decide): void {
    const { name, version, digest } = opened.bundle;
    const before = this.#service;
    this.#service = new Service(opened, this.#serviceDeps);
    this.#decided = decide(opened.bundle);
    if (before) this.#counters.swaps++;
    before?.retire('its bundle is out of service');
    this.#deps.log.info({ bundle: `${name}@${version}`, digest, path: opened.path }, 'bundle in service');
    this.#deps.changed();
  }

  #redecide(decide: Decide): void {
    this.#decided = this.#service && decide(this.#service.bundle);
    this.#deps.changed();
  }

  async #lastChoice(): Promise<BundleChoice | null> {
    try {
      return await this.#deps.last.load();
    } catch (error) {
      this.#deps.log.error({ error }, 'which bundle served last cannot be read');
      return null;
    }
  }

  /** It serves all the same where it cannot be kept; only a restart would not know it. */
  async #keep(choice: BundleChoice): Promise<void> {
    try {
      await this.#deps.last.save(choice);
    } catch (error) {
      this.#deps.log.error({ error }, messageOf(error));
    }
  }
}
