/**
 * Settings for families of structured-light cameras that speak GenICam: the features that make each deliver depth and
 * an image as parts of one frame. Written from the vendors' public descriptions of their features; NOT TRIED ON
 * HARDWARE, none of them. A preset is a beginning: the camera's own list ("twinspect camera features") decides.
 */
export interface Preset {
  readonly family: string;
  /** No preset becomes true before somebody has run it on the camera. */
  readonly triedOnHardware: boolean;
  readonly features: string;
  /** What an owner has to know. */
  readonly note: string;
}

export const presets: Readonly<Record<string, Preset>> = {
  'photoneo-motioncam': {
    family: 'Photoneo MotionCam-3D (GigE Vision, Range as Coord3D_C32f)',
    triedOnHardware: false,
    features: [
      'ComponentSelector=Range; ComponentEnable=true; PixelFormat=Coord3D_C32f',
      'ComponentSelector=Intensity; ComponentEnable=true',
    ].join('\n'),
    note: 'Its Intensity is declared Mono16 and carries 10 or 11 bits of grey, or colour in a format of its own.',
  },
  'basler-blaze': {
    family: 'Basler blaze (time of flight; Range, Intensity and Confidence)',
    triedOnHardware: false,
    features: [
      'ComponentSelector=Range; ComponentEnable=true; PixelFormat=Coord3D_C16',
      'ComponentSelector=Intensity; ComponentEnable=true; PixelFormat=Mono16',
      'ComponentSelector=Confidence; ComponentEnable=true; PixelFormat=Confidence16',
    ].join('\n'),
    note: 'Its vendor supports it through GenTL; whether libaravis takes its parts is not known.',
  },
  'lucid-helios2': {
    family: 'Lucid Helios2 (time of flight, GigE Vision)',
    triedOnHardware: false,
    features: 'PixelFormat=Coord3D_C16',
    note: 'Its ABCY format, coordinates and grey in one image, is not read: colour comes from a second camera.',
  },
  'sick-ruler3000': {
    family: 'SICK Ruler3000 (laser line scanner, SFNC 3D features)',
    triedOnHardware: false,
    features: 'ComponentSelector=Range; ComponentEnable=true; PixelFormat=Coord3D_C16',
    note: 'A frame is as many profiles as Height says; a trigger must start the frame, an encoder the profiles.',
  },
};

export const presetNames: readonly string[] = ['none', ...Object.keys(presets)];
