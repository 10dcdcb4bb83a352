/**
 * A real line behind the real commands; only the bundle's loading is in the test's hand. From the moment a recipe is
 * asked for, whoever asks, the one before judges nothing that is another product's.
 */
import { describe, expect, test } from 'vitest';
import type { Audit } from '../../daemon/audit/port.ts';
import { type KeptOrders, nothingOrdered, type OrdersStore } from '../../daemon/command/kept-orders.ts';
import { LineOrders } from '../../daemon/command/line-orders.ts';
import type { Actor } from '../../daemon/command/port.ts';
import type { BundleWish } from '../../daemon/inference/settings.ts';
import { Line } from '../../daemon/line/line.ts';
import { bundle, command, FrameMaker, HandClock, ListSink, ScriptedPort, settings, settle } from '../line/rig.ts';

const mes: Actor = { name: 'mes', via: 'mqtt', role: 'configure', certificate: null };
const recipes = {
  1: { name: 'plate', product: 'plate', bundle: 'plate', threshold: null },
  2: { name: 'plate, strict', product: 'plate', bundle: 'strict', threshold: 0.9 },
  3: { name: 'lid', product: 'lid', bundle: 'lid', threshold: null },
};
const config = { line: { product: 'plate', bundle: 'plate', recipe: 1, thresholdRangePercent: 20 }, recipes };
const audit: Audit = { write: () => Promise.resolve(), tally: () => undefined, problem: null };

class Memory implements OrdersStore {
  kept: KeptOrders = nothingOrdered;
  load = () => Promise.resolve(this.kept);
  save = async (orders: KeptOrders) => {
    this.kept = structuredClone(orders);
  };
}

async function plant(store = new Memory()) {
  const clock = new HandClock();
  const [port, sink, frames] = [new ScriptedPort(), new ListSink(), new FrameMaker(clock)];
  const loads: { wish: BundleWish; serves: () => Promise<void>; refused: () => Promise<void> }[] = [];
  const line = new Line({ settings: { ...settings, triggerFrom: null }, clock, port, sink });
  const serve = ({ product, decide }: BundleWish): void => {
    port.served = decide!({ ...bundle, product });
  };
  const inference = {
    replace: (wish: BundleWish): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const serves = async () => {
        await line.betweenParts(() => serve(wish));
        resolve();
        await settle();
      };
      const refused = async () => {
        reject(new Error('it cannot be read'));
        await settle();
      };
      loads.push({ wish, serves, refused });
      return promise;
    },
    wish: () => Promise.resolve(),
    refusal: null,
    get taught() {
      return port.served;
    },
    bundle: () => port.served,
  };
  const log = { error: () => undefined };
  const given = { lineId: 'line1', config, inference, folderOf: (name: string) => name, log, store };
  const orders = new LineOrders({ ...given, triggerFrom: null, audit, clock });
  await orders.open();
  serve(orders.startWish());
  orders.begin(line);
  let count = 0;
  /** Opens a part; its frames come, and it is judged where it may be. */
  const part = async () => {
    orders.trigger(mes, command(null));
    count++;
    line.sinkFor('cam').triggered(count, null, clock.nowMs());
    for (const modality of ['rgb', 'depth'] as const) {
      line.sinkFor('cam').frame(frames.make({ modality, trigger: count }));
    }
    await clock.advance(100);
    const { decision, reason, recipe } = sink.records.at(-1)!;
    return [decision, reason, recipe];
  };
  const select = (recipe: number) => {
    const done = orders.order(mes, { kind: 'selectRecipe', recipe });
    return done.then(
      () => 'done',
      () => 'refused',
    );
  };
  return { orders, line, loads, part, select, store, sink };
}

describe('a recipe of another product', () => {
  test('judges from the moment it serves; what comes before that is undecided', async () => {
    const p = await plant();
    expect(await p.part()).toEqual(['pass', 'good', 1]);
    const answer = p.select(3);
    expect(p.orders.ordered().recipe, 'in the tick of the order').toBe(null);
    expect(p.line.readyState()).toMatchObject({ ready: false, why: 'noModel' });
    expect(await p.part()).toEqual(['undecided', 'noModel', 1]);
    await p.loads[0]!.serves();
    expect(await answer).toBe('done');
    expect(await p.part()).toEqual(['pass', 'good', 3]);
    expect([p.orders.ordered().recipe, p.store.kept.asked]).toEqual([3, null]);
  });

  test('that is refused leaves the line without one, over a restart too, until one serves', async () => {
    const p = await plant();
    const answer = p.select(3);
    await settle();
    await p.loads[0]!.refused();
    expect(await answer).toBe('refused');
    expect(await p.part()).toEqual(['undecided', 'noModel', 1]);
    const again = await plant(p.store);
    expect(await again.part()).toEqual(['undecided', 'noModel', 1]);
    const back = again.select(1);
    await settle();
    await again.loads[0]!.serves();
    expect(await back).toBe('done');
    expect(await again.part()).toEqual(['pass', 'good', 1]);
  });

  test('of two that are asked for the later one is meant', async () => {
    const p = await plant();
    const [lid, plate] = [p.select(3), p.select(1)];
    await settle();
    await p.loads[0]!.serves();
    expect(await lid).toBe('done');
    expect(await p.part(), 'a plate comes, and the lid serves').toEqual(['undecided', 'noModel', 3]);
    await p.loads[1]!.serves();
    expect(await plate).toBe('done');
    expect(await p.part()).toEqual(['pass', 'good', 1]);
  });

  test('a part that was open when it came into service is judged by neither', async () => {
    const p = await plant();
    p.orders.trigger(mes, command('open'));
    void p.select(3);
    await settle();
    await p.loads[0]!.serves();
    await p.part();
    const opened = p.sink.records.find(({ partId }) => partId === 'open')!;
    expect(opened.decision).toBe('undecided');
  });
});

test('a number nobody knows is no recipe at all', async () => {
  const p = await plant();
  expect(await p.select(9)).toBe('refused');
  expect(await p.part()).toEqual(['undecided', 'noModel', 1]);
});

test('for the same product the recipe before goes on, and each record tells which one judged', async () => {
  const p = await plant();
  const answer = p.select(2);
  expect(await p.part()).toEqual(['pass', 'good', 1]);
  await p.loads[0]!.serves();
  expect(await answer).toBe('done');
  expect(await p.part()).toEqual(['pass', 'good', 2]);
  expect(await p.select(9)).toBe('refused');
  const back = p.select(2);
  await settle();
  await p.loads[1]!.serves();
  await back;
  expect(await p.part()).toEqual(['pass', 'good', 2]);
});

test('who may not choose a recipe stops nothing', async () => {
  const p = await plant();
  const order = p.orders.order({ ...mes, role: 'observe' }, { kind: 'selectRecipe', recipe: 3 });
  await expect(order).rejects.toThrow();
  expect(await p.part()).toEqual(['pass', 'good', 1]);
});
