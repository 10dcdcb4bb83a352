/** Which checks there are: those of a configuration, and with them those of the machine. */
import { broker } from './broker.ts';
import { bundles, sharedMemory } from './bundles.ts';
import { cameraChecks } from './cameras.ts';
import { libraryChecks, onnxruntime } from './libraries.ts';
import { machineChecks } from './machine.ts';
import { plantChecks } from './plant.ts';
import { securityChecks } from './security.ts';
import { stateChecks } from './state.ts';
import { storageChecks } from './storage.ts';

/** Whatever keeps `run` from starting or from judging with this configuration. */
export const configChecks = [
  ...storageChecks,
  ...stateChecks,
  ...cameraChecks,
  broker,
  ...plantChecks,
  ...securityChecks,
  onnxruntime,
  sharedMemory,
  bundles,
];

export const allChecks = [...machineChecks, ...libraryChecks, ...configChecks];
