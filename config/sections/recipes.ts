/** The recipes a command may choose from: a bundle with its decision settings, by number. */
import { numberColumn, pathColumn, textColumn } from '../key.ts';
import { tableKey } from '../table-key.ts';
import { idExpected, idPattern, shippedPrefix } from '../words.ts';

/** A PLC keeps the number in an Int16. */
export const recipeMax = 32_767;

export const recipes = tableKey({
  doc:
    'Recipes by their number, for plants that switch products by command: each names the product and the bundle that ' +
    'judges it. Which one is active at first says `line.recipe`; a command chooses another one, and that choice is ' +
    'kept over restarts until `line.recipe` or the row it names is edited. Without this table `line.product` and ' +
    '`line.bundle` are recipe 1; with it they are not used.',
  takes: 'between parts',
  row: 'recipe number',
  max: recipeMax,
  rowsMax: 1000,
  required: {
    name: textColumn({
      doc: 'What people call it.',
      expected: 'a text of 1 to 64 characters',
      matches: /^[^\p{Cc}]{1,64}$/u,
    }),
    product: textColumn({
      doc: 'The product it is for; the bundle must be taught for it.',
      expected: idExpected,
      matches: idPattern,
    }),
    bundle: pathColumn({ doc: 'The bundle that judges it.', expected: `a path, or ${shippedPrefix}NAME@VERSION` }),
  },
  optional: {
    threshold: numberColumn({
      doc: "Score at which a part fails, instead of the bundle's own.",
      min: 1e-6,
      max: 1e6,
    }),
  },
});
