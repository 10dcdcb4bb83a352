/** Registration measured on a scene whose answer is known, at the sizes of the figures. */
import { checkCalibration } from '../../../drivers/registration/calibration.ts';
import { proofCalibration, proofScene } from '../../../drivers/registration/proof-scene.ts';
import { Registration } from '../../../drivers/registration/registration.ts';
import type { Clock } from '../../clock.ts';
import { quantile, rounded } from './statistics.ts';

/** The first ones are compiled while they run. */
const warmUps = 10;
const rounds = 60;

export function measureRegistration(clock: Clock): {
  /** From where a depth pixel's colour was taken to where it should have been; over all that both cameras see. */
  registrationMedianPx: number | null;
  registrationMs: number | null;
} {
  const scene = proofScene();
  const registration = new Registration(checkCalibration(proofCalibration, 'of the figures'));
  const tookMs: number[] = [];
  let pair = registration.register(scene.rgb, scene.depth);
  for (let round = -warmUps; round < rounds; round++) {
    const beganAtMs = clock.nowMs();
    pair = registration.register(scene.rgb, scene.depth);
    if (round >= 0) tookMs.push(clock.nowMs() - beganAtMs);
  }
  const errors = [...scene.errorsPx(pair.rgb)].filter((px) => !Number.isNaN(px));
  return { registrationMedianPx: rounded(quantile(errors, 0.5)), registrationMs: rounded(quantile(tookMs, 0.5)) };
}
