/** Each kind at each severity, rendered at full size. */
import { expect, it } from 'vitest';
import { allKindNames } from '../../../drivers/synthetic/defects.ts';
import { renderPart } from '../../../drivers/synthetic/part.ts';
import { suiteSet } from '../../../drivers/synthetic/suite.ts';

it('every part of every level has a truth', () => {
  const { entries, missingShare } = suiteSet({ train: 0, validation: 0, good: 0, perKind: 2, kinds: allKindNames });
  for (const { part, defect, name } of entries) {
    const { truth } = renderPart({ seed: 5, part, defect, missingShare: missingShare! });
    const marked = truth.reduce((sum, mark) => sum + mark, 0);
    expect(marked, `${defect?.kind} ${name}`).toBeGreaterThanOrEqual(6);
  }
});
