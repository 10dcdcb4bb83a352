/**
 * The Results folder: the newest results as variables of ResultType, a ring of fixed places, so that a client may
 * subscribe to one for ever. A place is made when the first result comes to it, and holds another result each round.
 */
import { StatusCodes, type UAObject, type UAVariable, type VariantOptions } from 'node-opcua';
import type { ResultValue } from './result-values.ts';
import { resultStructure } from './result-values.ts';
import { object, type VisionTypes } from './types.ts';

/** Places of the ring; each is 17 nodes. */
export const places = 32;

interface Place {
  readonly whole: UAVariable;
  readonly parts: ReadonlyMap<string, UAVariable>;
  sequence: number;
}

export class ResultFolder {
  readonly #types: VisionTypes;
  readonly #folder: UAObject;
  readonly #places: Place[] = [];
  #next = 0;

  constructor(types: VisionTypes, folder: UAObject) {
    this.#types = types;
    this.#folder = folder;
  }

  show(sequence: number, values: readonly ResultValue[], at: Date): void {
    const place = this.#places[this.#next] ?? this.#add(values);
    this.#next = (this.#next + 1) % places;
    place.sequence = sequence;
    this.#write(place, values, at);
  }

  /** The values of a result that stands here have changed; nothing where it is gone. */
  showAgain(sequence: number, values: readonly ResultValue[], at: Date): void {
    const place = this.#places.find((each) => each.sequence === sequence);
    if (place) this.#write(place, values, at);
  }

  #write(place: Place, values: readonly ResultValue[], at: Date): void {
    for (const { name, variant } of values) {
      const node = place.parts.get(name);
      const empty: VariantOptions = { dataType: node?.dataTypeObj.basicDataType ?? 0, value: null };
      node?.setValueFromSource(variant ?? empty, variant ? StatusCodes.Good : StatusCodes.BadNoData, at);
    }
    place.whole.setValueFromSource(object(resultStructure(this.#types, values)), StatusCodes.Good, at);
  }

  #add(values: readonly ResultValue[]): Place {
    const name = `Result${this.#places.length + 1}`;
    const whole = this.#types.variable('ResultType').instantiate({
      browseName: name,
      nodeId: `s=${this.#folder.nodeId.value}.${name}`,
      componentOf: this.#folder,
      namespace: this.#folder.addressSpace.getOwnNamespace(),
      dataType: this.#types.data('ResultDataType').nodeId,
      optionals: values.map((value) => value.name),
    });
    const nodes = values.map((value) => [value.name, whole.getChildByName(value.name) as UAVariable] as const);
    const place: Place = { whole, parts: new Map(nodes), sequence: 0 };
    this.#places.push(place);
    return place;
  }
}
