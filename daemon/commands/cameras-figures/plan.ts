/** How long the figures of cameras are measured, apart from what measures them: that loads native libraries. */
export interface CamerasPlan {
  /** Of the run at full rate. */
  readonly seconds: number;
  /** Losses and returns. */
  readonly cycles: number;
}

export const usualPlan: CamerasPlan = { seconds: 60, cycles: 200 };
