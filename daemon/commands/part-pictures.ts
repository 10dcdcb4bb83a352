/** A judged part as PNG pictures, for the pages that `evaluate` and `teach` write. */
import { encodePng } from '../../drivers/image/png.ts';
import { depthPicture, heatPicture, maskPicture, type Picture } from '../evidence/pictures.ts';
import type { BundleJudge, Looked } from './judge-bundle.ts';

export interface PartPictures {
  rgb: Uint8Array;
  depth: Uint8Array;
  map: Uint8Array;
  mask: Uint8Array;
}

/** The mask shows the ground truth, or the regions that the judge found. */
export async function partPictures(judge: BundleJudge, looked: Looked, mask: 'truth' | 'found'): Promise<PartPictures> {
  const { widthPx, heightPx, truth, judgement } = looked;
  const blank = { widthPx, heightPx, pixels: new Uint8Array(widthPx * heightPx) };
  const shown = mask === 'truth' ? { ...blank, pixels: truth ?? blank.pixels } : (judgement.mask ?? blank);
  const png = (picture: Picture): Promise<Uint8Array> => encodePng(picture.pixels, widthPx, heightPx);
  return {
    rgb: await png({ widthPx, heightPx, pixels: looked.rgb }),
    depth: await png(depthPicture(looked.depthMm, widthPx, heightPx)),
    map: await png(heatPicture(looked.reading.map, widthPx, heightPx, judge.served.threshold)),
    mask: await png(maskPicture(shown)),
  };
}
